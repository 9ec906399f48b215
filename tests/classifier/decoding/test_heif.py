"""HEICs whose picture is good although their metadata is not."""

import io

import pillow_heif
import pytest
from PIL import Image

from classifier.decoding.opening import PictureError, picture_open
from classifier.decoding.upright import is_sideways
from tests.classifier.decoding.files import SRGB, difference, heic, picture

EXIF = Image.Exif()
EXIF[0x010F] = "x" * 40


def read(data):
    return picture_open(data, kind="HEIF", max_pixels=64_000_000)[0]


def garbled(data, start, length):
    at = data.rindex(start)
    return data[:at] + bytes(range(length)) + data[at + length :]


WITH_METADATA = heic(exif=EXIF.tobytes(), xmp=b"<x/>" * 9, icc_profile=SRGB)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WITH_METADATA, id="with metadata"),
        pytest.param(garbled(WITH_METADATA, b"Exif\0\0", 30), id="broken EXIF"),
        pytest.param(garbled(WITH_METADATA, SRGB[:30], 200), id="broken profile"),
        pytest.param(heic(xmp=b" " * 5_000_000), id="5 MB of XMP"),
        pytest.param(WITH_METADATA[:-1], id="one byte missing"),
        pytest.param(WITH_METADATA[:-100], id="cut in its metadata"),
        pytest.param(WITH_METADATA + b"garbage" * 99, id="bytes behind the end"),
    ],
)
def test_good_pixels_are_taken_whatever_lies_around_them(data):
    assert difference(read(data), Image.open(io.BytesIO(heic()))) < 1


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_half_a_file_is_refused(part):
    for data in (heic(), heic(exif=EXIF.tobytes())[:-90]):
        with pytest.raises(PictureError):
            read(data[: int(len(data) * part)])


def test_of_several_pictures_it_is_the_primary_one():
    several = pillow_heif.from_pillow(picture(2))
    several.add_from_pillow(picture())
    several.add_from_pillow(picture(3))
    out = io.BytesIO()
    several.save(out, quality=90, primary_index=1)
    assert difference(read(out.getvalue()), Image.open(io.BytesIO(heic()))) < 1


def test_which_way_is_up_survives_the_loss_of_its_metadata():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = heic(exif=exif.tobytes())
    whole, cut = read(data), read(data[:-1])
    assert whole.size == cut.size == (64, 96)
    assert not is_sideways(cut)
