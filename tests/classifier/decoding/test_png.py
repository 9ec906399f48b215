"""A PNG's picture, whatever its chunks of metadata are like."""

import tracemalloc
import zlib

import numpy as np
import pytest

from classifier.decoding.opening import PictureError, picture_open
from classifier.decoding.png import png_picture
from classifier.decoding.upright import is_sideways, upright_rgb
from tests.classifier.decoding.files import BROKEN_EXIF, SRGB, chunk, difference, encode, picture, png, png_of

END = png().rindex(b"IEND") - 4
XMP = b"XML:com.adobe.xmp\0"
TURNED = b'<x tiff:Orientation="6"/>'


def read(data):
    return picture_open(data, kind="PNG", max_pixels=64_000_000)[0]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(b" " * 2_000_000))), id="2 MB of XMP"),
        pytest.param(png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 2_000_000))), id="2 MB of text"),
        pytest.param(png(*[chunk(b"zTXt", b"C\0\0" + zlib.compress(b"a" * 999_999))] * 70), id="70 MB in parts"),
        pytest.param(png(chunk(b"tEXt", b"C\0" + b"a" * 70_000_000)), id="70 MB"),
        pytest.param(png(chunk(b"iCCP", b"x\0\0" + zlib.compress(SRGB + bytes(3_000_000)))), id="3 MB of profile"),
        pytest.param(png(chunk(b"iCCP", b"x\0\0garbage")), id="profile that does not inflate"),
        pytest.param(png(chunk(b"iCCP", b"x\0\0" + zlib.compress(b"garbage"))), id="profile of garbage"),
        pytest.param(png(chunk(b"iCCP", b"")), id="empty profile"),
        pytest.param(png(chunk(b"tEXt", b"C\0a", crc=b"1234")), id="text with a wrong checksum"),
        pytest.param(png(chunk(b"gAMA", b"\0\0\xb1\x8f", crc=b"1234")), id="gamma with a wrong checksum"),
        pytest.param(png(chunk(b"tRNS", b"\0\0\0\0\0\0", crc=b"1234")), id="transparency with a wrong checksum"),
        pytest.param(png(chunk(b"zTXt", b"C\0\7a")), id="text packed in no known way"),
        pytest.param(png(chunk(b"zTXt", b"Raw profile type exif\0\7a")), id="EXIF packed in no known way"),
        pytest.param(png(chunk(b"zTXt", b"Raw profile type exif\0\0a")), id="EXIF that does not inflate"),
        pytest.param(png(chunk(b"iTXt", XMP + b"\1\0\0\0garbage")), id="XMP that does not inflate"),
        pytest.param(png(chunk(b"iTXt", XMP + b"\0\0\0\0\xff\xfe")), id="XMP that is no UTF-8"),
        pytest.param(png(chunk(b"iTXt", XMP)), id="XMP that breaks off"),
        pytest.param(png(chunk(b"eXIf", BROKEN_EXIF)), id="broken EXIF"),
        *(
            pytest.param(png(chunk(name, b"\0")), id=f"{name.decode()} of one byte")
            for name in (b"gAMA", b"cHRM", b"pHYs", b"sRGB", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"iCCP")
        ),
        pytest.param(png()[:END], id="no end marker"),
        pytest.param(png()[: END - 4], id="no checksum of the pixels"),
        pytest.param(png()[: END + 6], id="half an end marker"),
        pytest.param(png()[:END] + b"\0\0\1\0IDAT", id="more pixels announced than come"),
        pytest.param(png() + b"garbage" * 99, id="bytes behind the end"),
        pytest.param(png()[:END] + chunk(b"tEXt", b"C\0" + b"a" * 99)[:50], id="cut in a text behind the pixels"),
        pytest.param(
            png()[:END] + chunk(b"zTXt", b"C\0\0" + zlib.compress(b"a" * 2_000_000)) + png()[END:],
            id="2 MB of text behind the pixels",
        ),
    ],
)
def test_good_pixels_are_taken_whatever_lies_around_them(data):
    assert difference(upright_rgb(read(data)), picture()) == 0


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(part):
    data = encode(picture(size=(300, 200)), "PNG")
    for end in (b"", chunk(b"IEND", b"")):
        with pytest.raises(PictureError):
            read(data[: int(len(data) * part)] + end)


def test_a_profile_packed_as_png_does_not_know_is_refused():
    for crc in (None, b"1234"):
        with pytest.raises(PictureError, match="Unknown compression method"):
            read(png(chunk(b"iCCP", b"x\0\1" + zlib.compress(SRGB), crc=crc)))


def test_memory_does_not_grow_with_texts():
    bomb = zlib.compress(bytes(50_000_000), 9)
    kinds = [(b"zTXt", b"Comment\0\0"), (b"zTXt", b"Raw profile type exif\0\0"), (b"iTXt", XMP + b"\1\0\0\0")]
    data = png(*[chunk(name, start + bomb) for name, start in kinds] * 20, chunk(b"iCCP", b"x\0\0" + bomb))
    tracemalloc.start()
    try:
        png_picture(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20


@pytest.mark.parametrize(
    "turning",
    [
        chunk(b"iTXt", XMP + b"\0\0\0\0" + TURNED),
        chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(TURNED)),
        chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"),
    ],
    ids=["XMP", "packed XMP", "EXIF"],
)
def test_which_way_is_up_is_kept(turning):
    assert is_sideways(read(png(turning)))
    assert is_sideways(read(png()[:END] + turning + png()[END:]))


def test_a_profile_is_kept():
    assert read(png(chunk(b"iCCP", b"x\0\0" + zlib.compress(SRGB)))).info["icc_profile"] == SRGB


@pytest.mark.parametrize(
    ("depth", "colour", "values", "key", "clear"),
    [
        (2, 0, [[0b00_01_10_01]], b"\0\2", [False, False, True, False]),
        (4, 0, [[0x3A, 0xA1]], b"\0\x0a", [False, True, True, False]),
        (8, 0, [[3, 10]], b"\0\x0a", [False, True]),
        (16, 0, [[4660, 4661]], b"\x12\x34", [True, False]),
        (8, 2, [[[1, 2, 3], [3, 2, 1]]], b"\0\1\0\2\0\3", [True, False]),
        (16, 2, [[[257, 514, 771], [771, 514, 257]]], b"\1\1\2\2\3\3", [True, False]),
    ],
)
def test_the_transparent_colour_is_found_at_every_depth(depth, colour, values, key, clear):
    image = upright_rgb(read(png_of(np.asarray(values), depth, colour, chunk(b"tRNS", key))))
    assert (np.asarray(image) == 255).all(axis=2).tolist() == [clear]


@pytest.mark.parametrize("default", [False, True])
def test_an_animation_is_its_default_image(default):
    frames = [picture(2), picture(3)]
    data = encode(picture(), "PNG", save_all=True, append_images=frames, default_image=default)
    assert difference(read(data), picture()) == 0
    assert difference(read(data[:-500]), picture()) == 0  # cut off in a later frame
