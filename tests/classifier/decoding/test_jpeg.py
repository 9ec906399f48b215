"""JPEGs whose picture is good although something around it is not."""

import io
import re

import pytest
from PIL import Image

from classifier.decoding.jpeg import jpeg_mended
from classifier.decoding.opening import PictureError, picture_open
from classifier.decoding.upright import is_sideways
from tests.classifier.decoding.files import BROKEN_EXIF, SRGB, difference, encode, jpeg, mpo, picture, segment

TURNED = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
BADLY = segment(0xE2, b"ICC_PROFILE\0")  # stops Pillow
LARGE = (200, 150)
KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "grey": {},
    "restarts": {"restart_marker_blocks": 3},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 1},
}


def read(data, **options):
    return picture_open(data, kind="JPEG", max_pixels=64_000_000, **options)[0]


def of_kind(kind):
    image = picture(5, LARGE)
    # Missing rows come out grey, so a grey lower half is the hardest to tell from half a file.
    image.paste((128, 128, 128), (0, 75, *LARGE))
    return encode(image.convert("L") if kind == "grey" else image, "JPEG", quality=85, **KINDS[kind])


def with_index(**changed):
    """A stereo camera's two pictures with something else in their index."""
    data = bytearray(mpo())
    start = data.index(b"MPF\0")
    if "garbage" in changed:
        data[start + 4 : start + 60] = bytes(range(56))
    if "number" in changed:
        at = data.index(b"\x01\xb0", start) + 8
        data[at : at + 4] = changed["number"].to_bytes(4, "little")
    if "entries" in changed:
        at = data.index(b"\x02\xb0", start) + 4
        data[at : at + 4] = changed["entries"].to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(jpeg(segment(0xE1, b"Exif\0\0" + BROKEN_EXIF)), id="broken EXIF"),
        pytest.param(jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1garbage")), id="profile of garbage"),
        pytest.param(jpeg(segment(0xE2, b"ICC_PROFILE\0\1\2" + SRGB)), id="half a profile"),
        pytest.param(jpeg(BADLY), id="profile without numbers"),
        pytest.param(jpeg(segment(0xE0, b"JFIF")), id="JFIF that breaks off"),
        pytest.param(jpeg(segment(0xEE, b"Adobe")), id="Adobe that breaks off"),
        pytest.param(jpeg(segment(0xED, b"Photoshop 3.0\x008BIM\3\xed")), id="Photoshop that breaks off"),
        pytest.param(jpeg(*[segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bytes(60000))] * 80), id="5 MB of XMP"),
        pytest.param(jpeg() + b"garbage" * 99, id="bytes behind the end"),
        pytest.param(jpeg()[:-2], id="no end marker"),
        pytest.param(jpeg()[:-1], id="half an end marker"),
        pytest.param(jpeg(BADLY)[:-2], id="bad profile and no end marker"),
        pytest.param(mpo(), id="MPO"),
        pytest.param(mpo()[:-500], id="MPO cut off in its second picture"),
        pytest.param(with_index(garbage=True), id="MPO with garbage for an index"),
        *(pytest.param(with_index(number=n), id=f"MPO of {n} pictures") for n in (0, 1, 9, 70000)),
        *(pytest.param(with_index(entries=n), id=f"MPO with an index of {n}") for n in (0, 7, 16, 70000)),
    ],
)
def test_good_pixels_are_taken_whatever_lies_around_them(data):
    assert difference(read(data), Image.open(io.BytesIO(jpeg()))) < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_end_marker_does_no_harm_but_a_missing_byte_does(kind):
    data = of_kind(kind)
    whole = Image.open(io.BytesIO(data))
    for cut in (data[:-2], data[:-1], data[:-2] + b"\xff"):
        assert difference(read(cut), whole) == 0
    for missing in (5, 20, 100, len(data) // 2, len(data) * 9 // 10):
        with pytest.raises(PictureError):
            read(data[:-missing])
        with pytest.raises(PictureError):
            read(data[:-missing], draft_side=100)


@pytest.mark.parametrize("kind", ["restarts", "progressive with restarts", "progressive"])
def test_a_file_cut_just_where_a_part_ends_is_no_whole_one(kind):
    """Nothing of the part before is missing, and what follows would only be grey, or coarse."""
    data = of_kind(kind)
    ends = [found.start() for found in re.finditer(rb"\xff[\xc4\xd0-\xd7\xda]", data) if found.start() > 700]
    assert len(ends) > 8
    for end in ends[:: max(1, len(ends) // 12)]:
        with pytest.raises(PictureError):
            read(data[:end])


def test_what_was_left_out_takes_nothing_of_the_picture_along():
    image = picture().convert("CMYK")
    data = encode(image, "JPEG", quality=95, icc_profile=SRGB.replace(b"sRGB", b"xRGB"))
    data = data[:2] + TURNED + segment(0xED, b"Photoshop 3.0\x008BIM\3\xed") + data[2:]
    found = read(data)
    assert found.mode == "CMYK"
    assert difference(found, image) < 6  # Adobe's inverted numbers are still known as such
    assert is_sideways(found)
    assert found.info["icc_profile"].startswith(SRGB[:30])


def test_what_is_hardly_a_jpeg_cannot_be_mended():
    data = jpeg()
    for part in (b"\xff\xd8\xff", data[:100], data[: data.index(b"\xff\xda")], data[: data.index(b"\xff\xda") + 5]):
        assert jpeg_mended(part) == ()
