"""How sure an answer may be, by what its photo is like."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from classifier.artefact import ArtefactError, ArtefactSpec, Preprocessing, TrainedClass, spec_from_json
from classifier.attributes import VIEWS
from classifier.photo_temperature import VIEW_GROUPS, car_pixels, photo_temperatures, pixel_group, view_group
from classifier.recognition import Interpreter, Sight
from classifier.taxonomy import Guess

SPEC = ArtefactSpec(
    task="classifier", backbone="test_vit", preprocessing=Preprocessing(64),
    classes=(TrainedClass("Audi", "A4"), TrainedClass("BMW", "X5")),
)  # fmt: skip


def test_a_view_and_its_mirror_image_are_one_group_and_every_view_has_one():
    assert view_group("rear-left") == view_group("rear-right") == "rear corner"
    assert view_group("side-left") == view_group("side-right") == "side"
    assert view_group("") == view_group("above") == ""
    assert {view_group(view) for view in VIEWS} == set(VIEW_GROUPS)


@pytest.mark.parametrize(("pixels", "group"), [(1, 0), (31, 0), (32, 1), (159, 4), (160, 5), (4000, 5)])
def test_cars_are_grouped_by_their_longer_side(pixels, group):
    assert pixel_group(pixels) == group
    assert pixel_group(car_pixels((10, 10, 10 + pixels, 11), (9000, 9000))) == group


def test_without_a_box_the_whole_photo_counts():
    assert car_pixels(None, (40, 30)) == 40


def test_a_photos_temperature_is_the_product_of_its_groups_and_1_where_there_are_none():
    looks = [((0, 0, 20, 10), (640, 480), "rear"), (None, (640, 480), "front"), (None, (640, 480), "")]
    by_pixels, by_view = (3.0, 2.0, 1.5, 1.2, 1.1, 1.0), (1.0, 1.0, 1.5, 1.5, 2.0)
    assert photo_temperatures(looks, by_pixels=by_pixels, by_view=by_view).tolist() == [6.0, 1.0, 1.0]
    assert photo_temperatures(looks, by_pixels=(), by_view=()).tolist() == [1.0, 1.0, 1.0]


def test_the_same_logits_are_said_less_surely_of_a_small_car_and_the_likeliest_stays():
    spec = replace(SPEC, pixel_temperatures=(4.0, 3.0, 2.0, 1.5, 1.2, 1.0), view_temperatures=(1.0, 1.0, 1.2, 1.2, 1.5))
    logits = np.asarray([4.0, 0.0], dtype=np.float32)

    def said(box, view):
        sight = Sight("ok", "exterior", box, (800, 600), Guess(view, 0.9), outputs=logits)
        return Interpreter(spec, body_threshold=1.01).interpret([sight])[0].candidates[0]

    large, small, rear = said((0, 0, 400, 300), "front"), said((0, 0, 40, 30), "front"), said((0, 0, 400, 300), "rear")
    assert large.confidence == pytest.approx(1 / (1 + np.exp(-4.0)), abs=1e-4)
    assert small.confidence == pytest.approx(1 / (1 + np.exp(-4.0 / 3)), abs=1e-4)
    assert rear.confidence < large.confidence
    assert large.make == small.make == rear.make == "Audi"


@pytest.mark.parametrize(
    "wrong", [{"pixel_temperatures": (1.0, 2.0)}, {"view_temperatures": (1.0, 1.0, 0.0, 1.0, 1.0)}]
)
def test_temperatures_of_groups_that_do_not_exist_or_are_not_above_0_are_refused(wrong):

    with pytest.raises(ArtefactError, match="temperatures"):
        spec_from_json(asdict(replace(SPEC, **wrong)))
