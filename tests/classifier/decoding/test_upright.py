"""Any Pillow image as upright RGB."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from classifier.decoding.upright import is_sideways, upright_rgb
from tests.classifier.decoding.files import SRGB, difference, picture

PLAIN = picture()
GREY = PLAIN.convert("L")
WHITE = (255, 255, 255)


def sixteen(mode):
    """The grey picture in 16 bits, by the mode's byte order."""
    values = np.asarray(GREY).astype("<u2" if mode != "I;16B" else ">u2") * 257
    if mode == "I":
        return Image.fromarray(values.astype(np.int32), mode="I")
    if mode == "F":
        return Image.fromarray(values.astype(np.float32), mode="F")
    return Image.frombytes(mode, GREY.size, values.tobytes())


@pytest.mark.parametrize(
    "mode", ["L", "LA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"]
)
def test_every_mode_becomes_the_same_picture(mode):
    image = PLAIN.convert(mode)
    plain = GREY if mode in ("L", "LA", "I", "F", "I;16") else PLAIN
    assert upright_rgb(image).mode == "RGB"
    assert difference(upright_rgb(image), plain) < 2


@pytest.mark.parametrize("mode", ["1", "P", "PA", "La"])
def test_modes_that_lose_something_keep_the_rest(mode):
    through = {"PA": "P", "La": "LA"}.get(mode)
    image = PLAIN.convert(through).convert(mode) if through else PLAIN.convert(mode)
    plain = PLAIN.convert(through or mode).convert("RGB")
    assert difference(upright_rgb(image), plain) < 1


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N", "I", "F"])
def test_grey_of_16_bits_is_no_white_sheet(mode):
    assert difference(upright_rgb(sixteen(mode)), GREY) < 1


def test_floats_up_to_one_are_shares_of_white():
    image = Image.fromarray(np.asarray(GREY).astype(np.float32) / 255, mode="F")
    assert difference(upright_rgb(image), GREY) < 1


def with_palette(mode, palette):
    image = Image.new("P", (4, 4), 1)
    image.putpalette(palette, mode)
    return image


def keyed(mode, colour, key):
    image = Image.new(mode, (4, 4), colour)
    image.info["transparency"] = key
    return image


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image.new("RGBA", (4, 4), (9, 9, 9, 0)), id="RGBA"),
        pytest.param(Image.new("RGBa", (4, 4), (0, 0, 0, 0)), id="RGBa"),
        pytest.param(Image.new("LA", (4, 4), (9, 0)), id="LA"),
        pytest.param(Image.new("LA", (4, 4), (9, 0)).convert("La"), id="La"),
        pytest.param(Image.new("PA", (4, 4), (1, 0)), id="PA"),
        pytest.param(keyed("P", 1, b"\xff\0"), id="P with an alpha for each colour"),
        pytest.param(keyed("P", 1, 1), id="P with one colour transparent"),
        pytest.param(with_palette("RGBA", bytes(8)), id="P with a palette of RGBA"),
        pytest.param(keyed("1", 0, 0), id="1 with a key"),
        pytest.param(keyed("L", 9, 9), id="L with a key"),
        pytest.param(keyed("RGB", (9, 8, 7), (9, 8, 7)), id="RGB with a key"),
        pytest.param(keyed("I;16", 4660, 4660), id="I;16 with a key"),
    ],
)
def test_what_is_transparent_becomes_white_paper(image):
    assert upright_rgb(image).getpixel((1, 1)) == WHITE


def test_a_transparent_grey_of_16_bits_is_that_value_alone():
    image = Image.fromarray(np.asarray([[1000, 1001], [999, 65535]], dtype=np.uint16))
    image.info["transparency"] = 1001
    assert np.asarray(upright_rgb(image))[..., 0].tolist() == [[3, 255], [3, 255]]


def test_half_transparent_pixels_are_mixed_with_white():
    assert upright_rgb(Image.new("RGBA", (2, 2), (0, 0, 0, 128))).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("orientation", range(10))
def test_it_stands_upright_and_says_whether_it_lay_on_its_side(orientation):
    image = picture(size=(30, 20))
    image.getexif()[0x0112] = orientation
    assert is_sideways(image) == (orientation in (5, 6, 7, 8))
    assert upright_rgb(image).size == ((20, 30) if is_sideways(image) else (30, 20))


def test_the_result_is_new_and_carries_no_metadata():
    image = picture()
    image.info = {"exif": b"x", "icc_profile": SRGB, "xmp": b"y", "comment": b"z"}
    upright = upright_rgb(image)
    upright.paste("white", (0, 0, *upright.size))
    assert upright.info == {}
    assert "xmp" in image.info
    assert difference(image, PLAIN) == 0


def swapped():
    """A profile under which red is what sRGB calls green, and the other way round."""
    profile = SRGB.replace(b"sRGB", b"xRGB")
    red, green = (profile.index(name, 128) for name in (b"rXYZ", b"gXYZ"))  # in the table of tags
    tags = {at: profile[at + 4 : at + 12] for at in (red, green)}
    for at, other in ((red, green), (green, red)):
        profile = profile[: at + 4] + tags[other] + profile[at + 12 :]
    return profile


@pytest.mark.parametrize("longest", [None, 48])
def test_colours_of_another_profile_become_srgb(longest):
    image = Image.new("RGB", (96, 64), (200, 40, 20))
    image.info["icc_profile"] = swapped()
    red, green, blue = upright_rgb(image, longest=longest).getpixel((5, 5))
    assert abs(red - 40) < 4
    assert abs(green - 200) < 4
    assert abs(blue - 20) < 4


@pytest.mark.parametrize(
    "profile",
    [b"", b"garbage", SRGB.replace(b"sRGB", b"xRGB")[:200], bytes(5000), None, "text"],
    ids=["empty", "garbage", "cut", "zeros", "none", "text"],
)
def test_a_broken_profile_spoils_no_colours(profile):
    image = picture()
    image.info["icc_profile"] = profile
    assert difference(upright_rgb(image), PLAIN) == 0


def test_a_profile_of_another_kind_of_picture_is_passed_over():
    image = picture()
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert difference(upright_rgb(image), PLAIN) < 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_it_shrinks_to_the_longest_side(mode):
    assert upright_rgb(picture(size=(300, 200)).convert(mode), longest=60).size == (60, 40)
    assert upright_rgb(picture(size=(30, 20)).convert(mode), longest=60).size == (30, 20)
