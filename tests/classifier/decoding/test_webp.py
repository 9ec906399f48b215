"""WebPs whose picture is good although something behind it is not."""

import io

import pytest
from PIL import Image

from classifier.decoding.opening import PictureError, picture_open
from classifier.decoding.webp import webp_mended, webp_size
from tests.classifier.decoding.files import difference, encode, picture, webp, webp_chunks, webp_of

PLAIN = encode(picture(), "WEBP", quality=90)
ANIMATED = encode(picture(), "WEBP", quality=90, save_all=True, append_images=[picture(2), picture(3)])


def read(data):
    return picture_open(data, kind="WEBP", max_pixels=64_000_000)[0]


def with_length(length):
    return PLAIN[:4] + length.to_bytes(4, "little") + PLAIN[8:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(webp(), id="with metadata"),
        pytest.param(webp(EXIF=b"garbage"), id="broken EXIF"),
        pytest.param(webp(ICCP=b"garbage"), id="broken profile"),
        pytest.param(webp(XMP=b" " * 5_000_000), id="5 MB of XMP"),
        pytest.param(webp()[:-20], id="cut in its metadata"),
        pytest.param(webp(XMP=b"odd")[:-1], id="no filling byte at the end"),
        pytest.param(webp_of([*webp_chunks(webp()), (b"ABCD", b"odd")]), id="unknown chunk"),
        pytest.param(PLAIN + b"garbage" * 9, id="bytes behind the end"),
        *(pytest.param(with_length(len(PLAIN) + n), id=f"length wrong by {n + 8}") for n in (-10, -7, 100)),
        pytest.param(with_length(0), id="length 0"),
        pytest.param(ANIMATED, id="animation"),
        pytest.param(ANIMATED[:-500], id="animation cut off in its third frame"),
    ],
)
def test_good_pixels_are_taken_whatever_lies_around_them(data):
    assert difference(read(data), Image.open(io.BytesIO(PLAIN))) < 3


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("options", [{"quality": 90}, {"lossless": True}])
def test_half_a_file_is_refused(part, options):
    data = encode(picture(), "WEBP", **options)
    with pytest.raises(PictureError):
        read(data[: int(len(data) * part)])
    assert webp_mended(data[: int(len(data) * part)]) == ()


def test_its_size_is_known_before_memory_is_set_aside_for_it():
    alpha = picture().convert("RGBA")
    alpha.putalpha(100)
    for data in (PLAIN, webp(), encode(picture(), "WEBP", lossless=True), encode(alpha, "WEBP"), ANIMATED):
        assert webp_size(data) == picture().size
    assert webp_size(PLAIN[:20]) is None
    with pytest.raises(PictureError) as refused:
        picture_open(PLAIN, kind="WEBP", max_pixels=96 * 64 - 1)
    assert (refused.value.reason, refused.value.size) == ("too_many_pixels", (96, 64))
