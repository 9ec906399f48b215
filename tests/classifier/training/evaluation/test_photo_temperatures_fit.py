"""Temperatures by what a photo is like, fitted on held-out photos."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier.fuse import log_softmax
from classifier.recognition import Recognition
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.photo_temperatures_fit import (
    MIN_OF_VIEW,
    TARGETS,
    Said,
    evenly,
    pixel_temperatures_fit,
    scaled_down,
    view_temperatures_fit,
)
from tests.pictures import jpeg


def said(count, *, right, sure=4.0, view="", seed=0):
    """Answers that are equally sure and right in the given share."""
    answers = []
    for number in range(count):
        label = 0 if number < right * count else 1 + number % 3
        logits = np.asarray([sure, 0, 0, 0], dtype=np.float32)
        answers.append(Said(log_softmax(logits), label, "ads", view))
    return answers


def row(path, source="ads"):
    return ManifestRow(Path(str(path)), str(path), "Audi", "A4", source=source)


def test_a_view_that_is_less_often_right_gets_a_higher_temperature_and_a_rare_one_none():
    fronts, rears = said(100, right=0.95, view="front"), said(100, right=0.5, view="rear-left")
    found = view_temperatures_fit([*fronts, *rears, *said(MIN_OF_VIEW - 1, right=0.1, view="side-left")])
    front, front_corner, side, rear_corner, rear = found
    assert rear_corner > front * 2
    assert front_corner == side == rear == 1.0


def test_smaller_cars_never_get_a_lower_temperature_than_larger_ones():
    groups = [said(60, right=share) for share in (0.6, 0.3, 0.7, 0.9, 0.99)]
    found = pixel_temperatures_fit(groups)
    assert list(found) == sorted(found, reverse=True)
    assert found[0] == found[1] > found[2]
    assert found[-1] == 1.0


def test_a_group_with_too_few_answers_is_as_its_larger_neighbour():
    found = pixel_temperatures_fit([[], said(5, right=0.0), said(60, right=0.5), [], []])
    assert found[0] == found[1] == found[2] > 1


def test_without_photos_there_are_no_temperatures():
    assert pixel_temperatures_fit([[] for _ in TARGETS]) == ()
    assert view_temperatures_fit([]) == ()


def test_a_photo_is_scaled_until_its_car_has_so_many_pixels(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(jpeg(size=(640, 480)))
    recognised = Recognition("ok", box=(100, 100, 420, 260), image_size=(640, 480))
    with Image.open(io.BytesIO(scaled_down(row(photo), recognised, 40))) as small:
        assert small.size == (80, 60)
    assert scaled_down(row(photo), recognised, 320) is None
    assert scaled_down(row(photo), Recognition("no_vehicle", image_size=(640, 480)), 40) is None
    assert scaled_down(row(tmp_path / "gone.jpg"), recognised, 40) is None


@pytest.mark.parametrize(("most", "wanted"), [(40, {"a": 4, "b": 18, "c": 18}), (9, {"a": 3, "b": 3, "c": 3})])
def test_a_small_source_is_taken_whole_and_leaves_its_room_to_the_others(most, wanted):
    rows = [row(n, "a") for n in range(4)] + [row(n, "b") for n in range(100)] + [row(n, "c") for n in range(300)]
    chosen = evenly(rows, most)
    assert {source: sum(rows[at].source == source for at in chosen) for source in wanted} == wanted
    assert len(set(chosen)) == len(chosen)
