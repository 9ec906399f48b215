"""Ingest: what comes in is a stranger's file, what is kept is a plain picture."""

import errno
import io
import resource
import zlib

import imagehash
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from marketplace.photos import ingest as ingest_module
from marketplace.photos.ingest import PhotoRejected, ingest
from marketplace.photos.jpeg import NotCleanError, clean_jpeg_size

BLUE, RED = (0, 0, 255), (255, 0, 0)


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def is_near(image, at, colour):
    return all(abs(a - b) < 60 for a, b in zip(image.getpixel(at), colour, strict=True))


@pytest.mark.parametrize(
    ("kind", "filename"),
    [("JPEG", "a.jpg"), ("JPEG", "A.JPEG"), ("PNG", "a.png"), ("WEBP", "a.webp"), ("JPEG", "image"), ("MPO", "a.jpg")],
)
def test_it_takes_the_usual_kinds(encoded, picture, kind, filename):
    options = {"save_all": True, "append_images": [picture()]} if kind == "MPO" else {}
    photo = ingest(encoded(kind, width=1280, height=960, **options), filename=filename)
    assert (photo.width, photo.height) == (1280, 960) == opened(photo.master).size
    assert opened(photo.card).size == (640, 480)
    assert is_near(opened(photo.master), (20, 20), BLUE)


def test_it_takes_an_iphone_photo_upright(picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    phone = pillow_heif.from_pillow(picture(640, 480))
    phone.info["exif"] = exif.tobytes()  # the encoder turns it into the container's own rotation, as phones do
    out = io.BytesIO()
    phone.save(out, quality=80)
    photo = ingest(out.getvalue(), filename="IMG_0001.HEIC")
    assert (photo.width, photo.height) == (480, 640)
    assert is_near(opened(photo.master), (470, 10), BLUE)


def test_it_shrinks_a_large_photo_to_the_longest_side(encoded):
    photo = ingest(encoded(width=4032, height=3024), filename="a.jpg")
    assert (photo.width, photo.height) == (2016, 1512)
    photo = ingest(encoded("PNG", width=3000, height=1000), filename="a.png")
    assert (photo.width, photo.height) == (2048, 683)


@pytest.mark.parametrize("orientation", range(10))
def test_it_stands_upright(encoded, picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(exif=exif)
    master = opened(ingest(data, filename="a.jpg").master)
    turned = orientation in {5, 6, 7, 8}
    assert master.size == ((480, 640) if turned else (640, 480))
    corner = {
        2: (630, 10), 3: (630, 470), 4: (10, 470), 5: (10, 10), 6: (470, 10), 7: (470, 630), 8: (10, 630)
    }.get(orientation, (10, 10))  # fmt: skip
    assert is_near(master, corner, BLUE)


def test_it_keeps_no_metadata_and_no_payload(encoded):
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(exif=exif, comment=b"<?php SECRETCOMMENT ?>", icc_profile=profile, xmp=b"SECRETXMP")
    photo = ingest(data + b"PK\x03\x04SECRETTAIL", filename="a.jpg")
    for kept in (photo.master, photo.card):
        clean_jpeg_size(kept)
        assert b"SECRET" not in kept
        assert not opened(kept).getexif()
        assert set(opened(kept).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    "hidden", [{"comment": b"x"}, {"exif": b"Exif\0\0II*\0"}, {"icc_profile": b"x" * 200}, {"xmp": b"<x/>"}]
)
def test_it_checks_its_own_output(encoded, hidden):
    assert clean_jpeg_size(encoded()) == (640, 480)
    with pytest.raises(NotCleanError):
        clean_jpeg_size(encoded(**hidden))
    with pytest.raises(NotCleanError):
        clean_jpeg_size(encoded() + b"tail")
    with pytest.raises(NotCleanError):
        clean_jpeg_size(encoded()[:-2])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_it_turns_every_kind_of_pixel_into_rgb(picture, mode):
    image = picture()
    if mode == "I;16":
        image = Image.new("I;16", (640, 480), 128 * 256)
    elif mode in {"LA", "RGBA"}:
        image = image.convert(mode)
        image.putalpha(0)
    else:
        image = image.convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")
    master = opened(ingest(out.getvalue(), filename="a.png").master)
    assert master.mode == "RGB"
    if mode == "I;16":
        assert is_near(master, (20, 20), (128, 128, 128))
    elif mode in {"LA", "RGBA"}:  # transparency becomes white paper
        assert is_near(master, (20, 20), (255, 255, 255))


def test_it_reads_print_colours(encoded):
    assert is_near(opened(ingest(encoded(mode="CMYK"), filename="a.jpg").master), (20, 20), BLUE)


def test_its_perceptual_hash_is_the_usual_one(encoded):
    photo = ingest(encoded(width=900), filename="a.jpg")
    same = imagehash.hex_to_hash(photo.phash)
    # The card kept is a JPEG of the picture that was hashed, so a bit may fall differently.
    assert same - imagehash.phash(opened(photo.card)) <= 2
    smaller = ingest(encoded(width=450, height=240, quality=40), filename="a.jpg")
    assert same - imagehash.hex_to_hash(smaller.phash) <= 6


def rejected(data, filename="a.jpg"):
    with pytest.raises(PhotoRejected) as caught:
        ingest(data, filename=filename)
    assert caught.value.message.endswith(".")
    return caught.value


def flat_png(width, height):
    def chunk(name, body):
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes((1, 0, 0, 0, 0))
    lines = zlib.compress(bytes((1 + (width + 7) // 8) * min(height, 5000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def flat_webp(side):
    """34 bytes that declare ``side`` × ``side`` pixels: a single-colour lossless WebP with its size
    written anew."""
    out = io.BytesIO()
    Image.new("RGB", (1, 1), "red").save(out, "WEBP", lossless=True)
    data = bytearray(out.getvalue())
    bits = (side - 1) | (side - 1) << 14
    data[21:25] = (bits | int.from_bytes(data[21:25], "little") & 0xF0000000).to_bytes(4, "little")
    return bytes(data)


def childrens_seconds():
    """Of a processor's work in children that ended; the clock on the wall counts what else a
    machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_it_refuses_pixel_bombs_at_once():
    for data, name in ((flat_png(50_000, 50_000), "a.png"), (flat_webp(16_383), "a.webp")):
        before = childrens_seconds()
        answer = rejected(data, name)
        assert answer.reason_code == "too_many_pixels"
        assert "64 megapixels" in answer.message
        assert childrens_seconds() - before < 2


def test_it_names_what_the_file_is(encoded, picture):
    tiff = rejected(encoded("TIFF"), "a.tif")
    assert tiff.message == "This file is a TIFF picture. Save it as JPEG or PNG and try again."
    assert "a GIF picture" in rejected(encoded("GIF"), "a.gif").message
    assert "an SVG drawing" in rejected(b'<?xml version="1.0"?><svg onload="alert(1)"/>', "a.png").message
    assert "a PDF document, not a photo" in rejected(b"%PDF-1.7 ...", "a.pdf").message
    assert "a video" in rejected(b"\0\0\0\x18ftypmp42" + bytes(40), "a.mp4").message
    assert "a web page" in rejected(b"<html><script>alert(1)</script>").message
    assert rejected(bytes(range(256)) * 9).reason_code == "not_a_picture"


def test_it_refuses_a_name_that_says_something_else(encoded):
    answer = rejected(encoded("PNG"), "car.jpg")
    assert answer.reason_code == "extension_mismatch"
    assert answer.message.startswith("This file is named .jpg but is a PNG picture. Rename it to end in .png")
    assert rejected(encoded(), "car.php").reason_code == "extension_mismatch"


@pytest.mark.parametrize("name", ["Golf 1.6 TDI", "IMG_2024.05.11", "photo.jpg_large", "image.1", "Škoda č.1"])
def test_what_follows_a_dot_need_not_be_an_extension(encoded, name):
    assert ingest(encoded(width=64, height=48), filename=name).width == 64


@pytest.mark.parametrize(
    "name", ["car.php", "car.PHP5", "car.gif", "car.html", "car.svg ", "car.jpg.exe", "Golf 1.6.js"]
)
def test_an_extension_of_something_else_is_refused(encoded, name):
    assert rejected(encoded(width=64, height=48), name).reason_code == "extension_mismatch"


def test_it_says_that_a_file_is_empty_or_too_large(settings):
    assert rejected(b"").reason_code == "empty"
    settings.PHOTO_MAX_BYTES = 2**20
    assert "is 2 MB; the limit is 1 MB" in rejected(bytes(2**21)).message


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp"), ("HEIF", "a.heic")]
)
def test_it_refuses_a_truncated_file(encoded, kind, name):
    pillow_heif.register_heif_opener()
    data = encoded(kind)
    for part in (0.1, 0.5, 0.95):
        assert rejected(data[: int(len(data) * part)], name).reason_code in {"truncated", "broken"}


def test_it_takes_a_png_with_more_text_than_picture(picture, monkeypatch):
    """Photoshop and other editors leave such; its text is neither inflated nor kept."""
    monkeypatch.setattr(ingest_module, "MEMORY_BYTES", 200 * 2**20)
    notes = PngImagePlugin.PngInfo()
    for number in range(40):
        notes.add_text(f"History {number}", "SECRET" * 1_000_000, zip=True)
    out = io.BytesIO()
    picture().save(out, "PNG", pnginfo=notes)
    photo = ingest(out.getvalue(), filename="a.png")
    assert (photo.width, photo.height) == (640, 480)
    assert b"SECRET" not in photo.master


def test_an_iphone_photo_that_libheif_refuses_is_an_answer_and_no_crash(encoded):
    pillow_heif.register_heif_opener()
    size = (640).to_bytes(4) + (480).to_bytes(4)
    data = encoded("HEIF").replace(size, (640).to_bytes(4) + (287).to_bytes(4))
    answer, _, _ = ingest_module._decode_in_child(data, kind="HEIF", quarters=0)
    assert answer["refused"] == "broken"
    assert "Security limit" in answer["detail"]


def with_scans(data, times):
    """A progressive JPEG whose first refining scan comes again and again: small, no pixel more,
    much work."""
    starts, at = [], data.find(b"\xff\xda")
    while at >= 0:
        starts.append(at)
        at = data.find(b"\xff\xda", at + 2)
    scan = data[starts[1] : starts[2]]
    table = scan.find(b"\xff\xc4")  # the next scan's tables stand behind this scan
    scan = scan if table < 0 else scan[:table]
    return data[: starts[1]] + scan * times + data[starts[1] :]


def test_it_stops_a_picture_that_takes_endless_work(picture, monkeypatch):
    monkeypatch.setattr(ingest_module, "CPU_SECONDS", 1)
    out = io.BytesIO()
    picture(3000, 3000).save(out, "JPEG", progressive=True)
    before = childrens_seconds()
    answer = rejected(with_scans(out.getvalue(), 3000))
    assert answer.reason_code == "too_complex"
    assert childrens_seconds() - before < 0.9  # refused by its count of scans, not stopped by its limit


def test_it_stops_a_picture_that_takes_longer_than_it_looks(encoded, monkeypatch):
    monkeypatch.setattr(ingest_module, "CPU_SECONDS", 0)
    assert rejected(encoded("PNG", width=4000, height=4000), "a.png").reason_code == "too_complex"


def test_it_stops_a_picture_that_takes_too_much_memory(encoded, monkeypatch):
    monkeypatch.setattr(ingest_module, "MEMORY_BYTES", 300 * 2**20)
    assert rejected(encoded("PNG", width=9000, height=7000), "a.png").reason_code == "too_complex"


def test_it_stops_a_child_that_hangs(encoded, monkeypatch):
    monkeypatch.setattr(ingest_module, "WALL_SECONDS", 0.01)
    assert rejected(encoded("PNG", width=4000, height=4000), "a.png").reason_code == "too_complex"


def test_it_lets_no_secret_into_the_child(encoded, monkeypatch, tmp_path):
    """Stand in for the decoder with a script that tells its environment."""
    spy = tmp_path / "decoder.py"
    spy.write_text("import json, os; print(json.dumps({'refused': ','.join(os.environ), 'sizes': [0, 0]}))")
    monkeypatch.setenv("SECRET_KEY", "known only to the parent")
    monkeypatch.setattr(ingest_module, "_DECODER", spy)
    assert "SECRET_KEY" not in rejected(encoded()).reason_code


def test_it_distrusts_a_child_that_was_taken_over(encoded, monkeypatch, tmp_path):
    spy = tmp_path / "decoder.py"
    spy.write_text("import json; print(json.dumps({'phash': '', 'sizes': [6, 6]})); print('<html><html>')")
    monkeypatch.setattr(ingest_module, "_DECODER", spy)
    assert rejected(encoded()).reason_code == "broken"
    for nonsense in ("<html>", "[]", "{}", '{"sizes": [0, 0]}', '{"sizes": [0, 0], "phash": "../../x"}'):
        spy.write_text(f"print({nonsense!r})")
        assert rejected(encoded()).reason_code == "broken"
    spy.write_text("import os; os.abort()")
    assert rejected(encoded()).reason_code == "too_complex"


def test_a_machine_with_no_room_for_another_process_is_busy(encoded, monkeypatch):
    def no_memory(*_, **__):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(ingest_module.subprocess, "run", no_memory)
    with pytest.raises(PhotoRejected) as caught:
        ingest(encoded(), filename="a.jpg")
    assert caught.value.reason_code == "busy"


def test_it_names_the_limit_of_a_format_that_takes_more_memory(encoded):
    answer = rejected(encoded("WEBP", width=5000, height=5000), "a.webp")
    assert "the limit is 19 megapixels in this format. Save it smaller, or as JPEG, and try again." in answer.message
    assert answer.reason_code == "too_many_pixels"
