"""Bodies: from two witnesses, and what counts as right."""

from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import NEVER, TrainedClass
from classifier.body_type import bodies_of
from classifier.recognition import Recognition
from classifier.taxonomy import Guess
from classifier.training.data.attribute_labels import class_bodies_of
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.evaluation.view_and_body import bodies_fit, view_and_body_summarise

CLASSES = (TrainedClass("Audi", "A4"), TrainedClass("Audi", "Q7"), TrainedClass("Audi", ""))
UNSURE = (Guess("sedan", 0.5), Guess("suv", 0.3), Guess("wagon", 0.2))


def row(model="A4", *, body="", view="", kind="exterior"):
    return ManifestRow(Path("a.jpg"), "a.jpg", "Audi", model, kind=kind, view=view, body=body)


def score_of(row, said):
    return ScoredPhoto(row, said, known=True, make_known=True)


def log(*probs):
    return np.log(np.asarray(probs, dtype=np.float32) + 1e-9)


def test_a_class_has_the_body_that_most_of_its_photos_show():
    rows = [row(body="Sedan")] * 3 + [row(body="HatchBack"), row("Q7", body="SUV_Crossover"), row("Q7")]
    assert class_bodies_of(rows, CLASSES) == ("sedan", "suv", "")
    assert class_bodies_of([row(body="Sedan"), row(body="HatchBack")], CLASSES) == ()


def test_a_sure_model_decides_where_the_photo_leaves_the_body_open():
    best, *_ = bodies_of(UNSURE, log(0.02, 0.97, 0.01), ("sedan", "suv", ""), temperature=1.0)
    assert best.name == "suv"
    assert best.confidence > 0.9


def test_where_the_models_say_nothing_the_photo_decides():
    said = bodies_of(UNSURE, log(0, 0, 1), ("sedan", "suv", ""), temperature=1.0)
    assert [guess.name for guess in said] == ["sedan", "suv", "wagon"]
    assert sum(guess.confidence for guess in said) == pytest.approx(1)


def test_temperature_and_threshold_hold_for_photos_that_name_their_bodies_in_any_order():
    swapped = (Guess("suv", 0.6), Guess("sedan", 0.3), Guess("wagon", 0.1))
    photos = [(UNSURE, log(0.9, 0.05, 0.05), "sedan"), (swapped, log(0.1, 0.85, 0.05), "suv")] * 20
    temperature, threshold = bodies_fit(photos, ("sedan", "suv", ""))
    assert temperature < 0.5  # all right: they may be surer
    assert threshold <= 1
    assert bodies_fit(photos[:5], ("sedan", "suv", "")) == (1.0, NEVER)


def test_unanswered_photos_count_as_wrong_and_only_sure_ones_are_filled_in():
    said = Recognition("ok", kind="exterior", view=Guess("front", 0.9), bodies=UNSURE)
    scored = [
        score_of(row(body="Sedan", view="front"), said),
        score_of(row(body="SUV_Crossover"), said),
        score_of(row(body="Sedan", view="rear"), Recognition("no_vehicle", kind="exterior")),
        score_of(row(body="Sedan", kind="interior"), said),
    ]
    found = view_and_body_summarise(scored, body_threshold=0.5)
    assert (found["view"]["photos"], found["view"]["accuracy"]) == (2, 0.5)
    assert found["body"]["photos"] == 3
    assert found["body"]["accuracy"] == pytest.approx(1 / 3)
    assert (found["body"]["filled_in"], found["body"]["filled_in_wrong"]) == (pytest.approx(2 / 3), 0.5)
    assert view_and_body_summarise([], body_threshold=0.5)["body"]["accuracy"] is None
