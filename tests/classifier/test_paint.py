"""Statistics of the paint's pixels."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from classifier.paint import HUES, LEVELS, ZONES, lab_of, paint_statistics

BOX = (0.2, 0.2, 0.8, 0.8)


def statistics(colour, *, around=(120, 120, 120), size=(200, 150), box=BOX):
    photo = Image.new("RGB", size, around)
    place = [round(share * side) for share, side in zip(box, size * 2, strict=True)]
    ImageDraw.Draw(photo).rectangle(place, fill=colour)
    return paint_statistics(photo.crop(tuple(place)), photo, box)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 0, 255), (32.3, 79.2, -107.9)),
        ((119, 119, 119), (50.0, 0, 0)),
    ],
)
def test_lab_is_that_of_the_textbooks(rgb, lab):
    assert lab_of(np.asarray(rgb, dtype=np.uint8)) == pytest.approx(lab, abs=0.5)


def test_a_photo_of_any_size_gives_as_many_finite_numbers():
    lengths = {len(statistics((200, 30, 30), size=size)) for size in ((40, 30), (200, 150), (1200, 500))}
    assert lengths == {len(ZONES) * 27 + 21 + LEVELS * 3 + HUES}
    assert np.isfinite(statistics((0, 0, 0))).all()
    assert statistics((0, 0, 0)).dtype == np.float32


def test_the_first_numbers_are_the_lightness_of_the_car():
    assert statistics((255, 255, 255))[4] == pytest.approx(100, abs=0.5)
    assert statistics((10, 10, 10))[4] < 5


def test_the_same_paint_in_another_light_differs_in_the_surroundings_only():
    day, night = statistics((90, 90, 90), around=(220, 220, 220)), statistics((90, 90, 90), around=(20, 20, 20))
    zones = len(ZONES) * 27
    assert day[:zones] == pytest.approx(night[:zones], abs=6)  # the scaled edge
    assert np.abs(day[zones : zones + 21] - night[zones : zones + 21]).max() > 50


def test_only_coloured_paint_has_a_hue():
    assert statistics((128, 128, 128))[-HUES:].sum() == pytest.approx(0, abs=0.01)
    red, blue = (statistics(colour)[-HUES:].argmax() for colour in ((200, 20, 20), (20, 20, 200)))
    assert red != blue


def test_a_car_that_fills_the_photo_is_its_own_surroundings():
    filled = statistics((250, 250, 250), box=(0.0, 0.0, 1.0, 1.0))
    assert np.isfinite(filled).all()
    assert filled[len(ZONES) * 27 + 20] == 0  # nothing is outside
