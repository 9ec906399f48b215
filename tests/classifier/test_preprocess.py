from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from classifier.artefact import CropRule, Preprocessing
from classifier.preprocess import UnreadablePhotoError, crop_box, crop_car, decode, letterbox, to_input
from tests.pictures import encode


def jpeg(image: Image.Image, **options) -> bytes:
    return encode(image, quality=95, **options)


def two_halves(size=(1280, 960)) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return image


def test_a_large_jpeg_is_decoded_at_reduced_scale_but_reported_at_full_size():
    decoded = decode(jpeg(two_halves()), min_side=416)
    assert decoded.image.size == (640, 480)
    assert decoded.full_size == (1280, 960)
    assert decoded.reduced
    assert decode(jpeg(two_halves()), min_side=641).image.size == (1280, 960)


def test_a_photo_stands_upright_whatever_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: shown rotated by 90° clockwise
    decoded = decode(jpeg(two_halves(), exif=exif), min_side=416)
    assert decoded.full_size == (960, 1280)
    assert decoded.image.size == (480, 640)
    assert decoded.image.getpixel((240, 10))[0] > 200  # red, once left, is now on top


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_as_every_viewer_does(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = jpeg(Image.radial_gradient("L").convert("RGB").resize((90, 60)).crop((0, 0, 70, 40)), exif=exif)
    assert np.array_equal(decode(photo).image, ImageOps.exif_transpose(Image.open(BytesIO(photo))))


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"II*\0\x08", id="cut off"),
        # Orientation 6, and a maker's name that says of itself that it is a whole number.
        pytest.param(
            b"II*\0\x08\0\0\0\x02\0" + b"\x0f\x01\x05\0\x01\0\0\0\0\0\0\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(8),
            id="wrong type",
        ),
    ],
)
def test_a_broken_exif_block_spoils_no_photo(exif):
    """Cameras and editors write such; one once ended a whole batch with an uncaught error."""
    photo = jpeg(two_halves())
    segment = b"Exif\0\0" + exif
    assert decode(photo[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + photo[2:]).image.mode == "RGB"


def test_transparent_pixels_become_white():
    out = BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(out, "PNG")
    assert decode(out.getvalue()).image.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "LA"])
def test_every_colour_mode_becomes_rgb(mode):
    assert (
        decode(Image.new("RGB", (8, 8)).convert(mode) if mode != "I;16" else Image.new(mode, (8, 8))).image.mode
        == "RGB"
    )


@pytest.mark.parametrize("content", [b"", b"hello", jpeg(two_halves())[:2000], b"GIF89a" + bytes(100)])
def test_what_is_no_photo_is_one_clear_line(content):
    with pytest.raises(UnreadablePhotoError) as error:
        decode(content)
    assert str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"GIF89a" + bytes(100), "a GIF picture, not JPEG, PNG, WebP or HEIC"),
        (b"%PDF-1.7", "a PDF document, not JPEG, PNG, WebP or HEIC"),
    ],
)
def test_it_names_what_the_file_is(content, words):
    with pytest.raises(UnreadablePhotoError, match=words):
        decode(content)


def test_an_iphone_photo_that_libheif_refuses_is_unreadable_like_any_other():
    """It answers some damage with RuntimeError, which once ended a whole run of `classify`."""
    out = BytesIO()
    two_halves((640, 480)).save(out, "HEIF")
    size = (640).to_bytes(4) + (480).to_bytes(4)
    assert size in out.getvalue()
    with pytest.raises(UnreadablePhotoError, match="cannot be decoded") as error:
        decode(out.getvalue().replace(size, (640).to_bytes(4) + (287).to_bytes(4)))
    assert isinstance(error.value.__cause__, RuntimeError)


def test_a_crop_box_is_grown_and_clipped():
    assert crop_box((100, 100, 200, 150), (400, 300), CropRule(margin=0.1)) == (90, 95, 210, 155)
    assert crop_box((0, 0, 400, 300), (400, 300), CropRule(margin=0.5)) == (0, 0, 400, 300)
    assert crop_box(None, (400, 300), CropRule(margin=0.5)) == (0, 0, 400, 300)
    assert crop_box((400, 300, 400, 300), (400, 300), CropRule()) == (399, 299, 400, 300)


def test_a_crop_from_a_reduced_decode_shows_the_same_car():
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)).resize(
        (1280, 960), Image.Resampling.BICUBIC
    )
    data, box, rule = jpeg(noise), (300, 200, 1000, 800), CropRule(margin=0.05)
    p = Preprocessing(input_size=96)
    full = to_input(crop_car(decode(data), box, rule), p)
    reduced = to_input(crop_car(decode(data, min_side=416), box, rule), p)
    assert np.abs(full - reduced).mean() < 0.05


def test_input_is_normalised_channels_first():
    p = Preprocessing(input_size=32, mean=(0.5, 0.5, 0.5), std=(0.25, 0.5, 0.5))
    pixels = to_input(two_halves((64, 64)), p)
    assert pixels.shape == (3, 32, 32)
    assert pixels.dtype == np.float32
    assert pixels[0, 0, 0] == pytest.approx(2.0)  # red: (1 - .5) / .25
    assert pixels[2, 0, 0] == pytest.approx(-1.0)


def test_boxes_find_their_way_back_from_the_letterbox():
    boxed = letterbox(two_halves(), 416)
    assert boxed.pixels.shape == (3, 416, 416)
    assert boxed.pixels[:, 0, 0] == pytest.approx(114 / 255)
    there = np.asarray([[0, boxed.top, 416, 416 - boxed.top], [-9, -9, 999, 999]], dtype=np.float32)
    assert np.allclose(boxed.to_photo(there, (1280, 960)), [[0, 0, 1280, 960]] * 2)
