"""Bombs: files within the limit of pixels that ask for a gigabyte or for many seconds."""

import zlib

import pytest
from PIL import Image

from classifier.decoding import cost, upright
from classifier.decoding.cost import LONGEST_SIDE, MOST_CHUNKS, MOST_SCANS, MOST_SEGMENTS
from classifier.decoding.errors import PictureError
from classifier.decoding.heif import heif_reduced
from classifier.decoding.opening import picture_open
from tests.classifier.decoding.files import chunk, difference, encode, picture, png

MEMORY = 300 * 2**20


def refused(data, kind, memory=MEMORY):
    with pytest.raises(PictureError) as caught:
        picture_open(data, kind=kind, max_pixels=64_000_000, draft_side=1900, memory=memory)
    return caught.value


def taken(data, kind):
    return picture_open(data, kind=kind, max_pixels=64_000_000, draft_side=1900, memory=MEMORY)[0]


def with_scans(times):
    data = encode(picture(), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    end = data.index(b"\xff", second + 2)
    while data[end + 1] in (0, 0xFF):
        end = data.index(b"\xff", end + 2)
    return data[:second] + data[second:end] * times + data[second:]


def declared_jpeg(width, height, *, frame=0xC2, factors=(0x11, 0x11, 0x11)):
    """The beginning of a JPEG up to its first scan, and nothing of the picture."""
    components = b"".join(bytes((number, factor, 0)) for number, factor in enumerate(factors, 1))
    body = b"\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes((len(factors),)) + components
    scan = bytes((len(factors), *(byte for number in range(1, len(factors) + 1) for byte in (number, 0)), 0, 0, 0))
    return (
        b"\xff\xd8\xff" + bytes((frame,)) + (len(body) + 2).to_bytes(2) + body
        + b"\xff\xda" + (len(scan) + 2).to_bytes(2) + scan + b"\0\xff\xd9"
    )  # fmt: skip


def test_scans_are_counted_before_any_is_decoded(monkeypatch):
    monkeypatch.setattr("classifier.decoding.opening._load", lambda *_: pytest.fail("decoded"))
    answer = refused(with_scans(3000), "JPEG")
    assert (answer.reason, str(answer)) == ("too_complex", f"more than {MOST_SCANS} scans")


def test_what_encoders_write_is_taken():
    assert taken(with_scans(20), "JPEG").size == picture().size
    # The scans of the pictures behind the first one are not its own.
    many = encode(picture(), "MPO", save_all=True, append_images=[picture(seed) for seed in range(2, 150)])
    assert taken(many, "JPEG").size == picture().size


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("JPEG", b"\xff\xd8" + b"\xff\xfe\0\2" * (MOST_SEGMENTS + 1) + encode(picture(), "JPEG")[2:]),
        ("PNG", png(*[chunk(b"teSt", b"")] * (MOST_CHUNKS + 1))),
        ("WEBP", encode(picture(), "WEBP") + b"TEST\0\0\0\0" * (MOST_SEGMENTS + 1)),
    ],
)
def test_more_parts_than_any_program_writes_are_refused(kind, data):
    assert refused(data, kind).reason == "too_complex"


def flat_png(width, height, *, depth=8, colour=0):
    head = width.to_bytes(4) + height.to_bytes(4) + bytes((depth, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )  # fmt: skip


def test_a_thread_of_pixels_is_refused():
    assert refused(flat_png(1, LONGEST_SIDE + 1), "PNG").reason == "too_complex"
    assert refused(flat_png(LONGEST_SIDE + 1, 1), "PNG").reason == "too_complex"


@pytest.mark.parametrize(("depth", "colour", "bytes_each"), [(1, 0, 1), (8, 3, 1), (8, 2, 4), (8, 6, 4), (16, 6, 8)])
def test_a_png_is_refused_by_what_it_takes_unpacked(depth, colour, bytes_each):
    side = 100
    cost.size_check(
        flat_png(side, side, depth=depth, colour=colour), "PNG", (side, side),
        max_pixels=side**2, memory=side**2 * bytes_each,
    )  # fmt: skip
    less = side**2 * bytes_each - 1
    assert refused(flat_png(side, side, depth=depth, colour=colour), "PNG", memory=less).reason == "too_complex"


def test_a_progressive_jpeg_is_refused_by_the_coefficients_it_keeps():
    assert "384000000 bytes of coefficients" in str(refused(declared_jpeg(8000, 8000), "JPEG"))
    halved = declared_jpeg(8000, 8000, factors=(0x22, 0x11, 0x11))
    cost.size_check(halved, "JPEG", (8000, 8000), max_pixels=64_000_000, memory=MEMORY)
    baseline = declared_jpeg(8000, 8000, frame=0xC0)
    cost.size_check(baseline, "JPEG", (8000, 8000), max_pixels=64_000_000, memory=MEMORY)


def test_a_large_webp_is_refused_with_the_limit_of_its_format():
    answer = refused(encode(Image.new("RGB", (5000, 5000)), "WEBP", method=0), "WEBP")
    assert (answer.reason, answer.size, answer.most) == ("too_many_pixels", (5000, 5000), MEMORY // 16)


def test_without_a_budget_only_counts_and_sides_are_limited():
    """Photos that an operator trains with are the operator's own."""
    cost.size_check(declared_jpeg(8000, 8000), "JPEG", (8000, 8000), max_pixels=64_000_000, memory=None)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "1", "P", "I;16", "CMYK"])
def test_a_very_large_picture_is_shrunk_in_strips_to_the_same(mode, monkeypatch):
    whole = picture(size=(640, 417)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        whole = whole.convert("I").point(lambda value: value * 257).convert("I;16")
    plain = upright.upright_rgb(whole, longest=100)
    monkeypatch.setattr(upright, "_AT_ONCE", 16 * 640 * 7)
    assert difference(upright.upright_rgb(whole, longest=100), plain) < (6 if mode in ("1", "P") else 2)


def test_a_large_heic_comes_reduced_and_tells_its_full_size():
    large = picture(size=(1000, 667))
    reduced, size = heif_reduced(encode(large, "HEIF", quality=95), 250)
    assert size == large.size
    assert difference(reduced, large.reduce(4)) < 3
    assert heif_reduced(encode(large, "HEIF"), 600) is None
