"""Hints about a photo, each with its reason; a good photo gets none."""

import pytest
from PIL import Image, ImageFilter

from marketplace.photos.decoder import blur, brightness
from marketplace.photos.quality import Measured, hints
from marketplace.photos.services import photo_add
from tests.factories import PhotoFactory, PredictionFactory
from tests.pictures import blobs, encode

GOOD = {
    "width": 1600,
    "height": 1200,
    "brightness": 200.0,
    "blur": 0.25,
    "kind": "exterior",
    "box": (90, 200, 1500, 1000),
}


def codes(**changed):
    return [hint.code for hint in hints(Measured(**{**GOOD, **changed}))]


def test_a_good_photo_gets_no_hint():
    assert codes() == []
    assert codes(brightness=None, blur=None, box=None) == []


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"brightness": 51.0}, "dark", "Too dark: even its brightest parts reach only 20 % of white."),
        ({"blur": 0.6}, "blurred", "Blurred: edges are soft all over the picture."),
        ({"width": 320, "height": 240, "box": (20, 20, 300, 200)}, "small", "Small: 320 × 240 pixels."),
        ({"box": (0, 200, 1600, 1000)}, "cut_off", "The car is cut off: left, right."),
    ],
)
def test_it_says_what_is_wrong_and_why(changed, code, words):
    (hint,) = hints(Measured(**{**GOOD, **changed}))
    assert hint.code == code
    assert hint.words.startswith(words)


@pytest.mark.parametrize(
    ("box", "view", "sides"),
    [
        ((4, 200, 1500, 900), "side-left", None),  # near the frame is not over it
        ((0, 200, 1500, 900), "side-left", "left"),
        ((4, 30, 1590, 1150), "front-left", "left"),  # of a car that fills the photo it is
        ((0, 200, 1600, 1000), "front", None),  # its mirrors
        ((0, 0, 1600, 1000), "rear", "top"),
    ],
)
def test_a_car_that_only_comes_near_the_frame_is_not_cut_off(box, view, sides):
    found = hints(Measured(**{**GOOD, "box": box, "view": view}))
    assert [hint.words for hint in found] == ([] if sides is None else [f"The car is cut off: {sides}."])


def test_an_interior_is_never_cut_off():
    assert codes(kind="interior", box=(0, 0, 1600, 1200)) == []


def test_blur_is_measured_in_either_direction_whatever_the_contrast():
    sharp = blobs(1).convert("L").filter(ImageFilter.FIND_EDGES)
    soft = sharp.filter(ImageFilter.GaussianBlur(3))
    moved = sharp.resize((64, 480)).resize((640, 480), Image.Resampling.BICUBIC)
    pale = sharp.point(lambda level: level // 4)
    assert blur(sharp) < 0.3
    assert min(blur(soft), blur(moved)) > 0.45
    assert blur(pale) == pytest.approx(blur(sharp), abs=0.1)
    assert blur(Image.new("L", (64, 48), 90)) == 0.0


def test_brightness_is_that_of_the_brightest_part():
    night = Image.new("L", (100, 100), 10)
    night.paste(240, (0, 0, 30, 30))  # a lamp
    assert (brightness(night), brightness(Image.new("L", (9, 9), 10))) == (240.0, 10.0)


def test_the_seller_sees_them_beside_the_photo(seller, listing):
    dark = photo_add(listing=listing, data=encode(blobs(1).point(lambda level: level // 5)), filename="a.jpg")
    assert dark.brightness < 60
    cut = PhotoFactory(listing=listing, done=True, position=1)
    PredictionFactory(photo=cut, box=[0, 50, 500, 400])
    page = seller.get(f"/sell/{listing.code}/").content.decode()
    assert page.count("Too dark:") == 1
    assert page.count("The car is cut off: left.") == 1
