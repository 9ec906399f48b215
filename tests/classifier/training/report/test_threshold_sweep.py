"""What a report says of other thresholds is what forms would do at them."""

from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import Thresholds, TrainedClass
from classifier.recognition import Recognition
from classifier.taxonomy import summarise
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.report.threshold_section import sweep_section
from classifier.training.report.threshold_sweep import FEWEST_PHOTOS, STEPS, threshold_sweep

CLASSES = (TrainedClass("BMW", "X5"), TrainedClass("Audi", "A4"))
THRESHOLDS = Thresholds(model=0.9, make=0.7)


def photo(confidence: float, *, right: bool = True, model: str = "X5", known: bool = True) -> ScoredPhoto:
    make, candidates = summarise(np.array([confidence, 1 - confidence]), CLASSES)
    return ScoredPhoto(
        row=ManifestRow(path=Path("a.jpg"), file="a.jpg", make="BMW", model=model),
        recognition=Recognition("ok", kind="exterior", make=make, candidates=tuple(candidates)),
        known=known, make_known=True, model_right=right, make_right=right,
    )  # fmt: skip


def steps(sweep, name):
    return {step.confidence: step for step in sweep.steps[name]}


def test_a_photo_is_filled_in_up_to_its_own_confidence():
    sweep = threshold_sweep([photo(0.96), photo(0.72, right=False), photo(0.72)], THRESHOLDS)
    found = steps(sweep, "model")
    assert (found[0.7].fills, found[0.7].wrong, found[0.7].filled_in) == (3, 1, 1.0)
    assert found[0.7].error == pytest.approx(1 / 3)
    assert (found[0.95].fills, found[0.95].wrong, found[0.95].error) == (1, 0, 0.0)
    assert (found[0.98].fills, found[0.98].error) == (0, None)
    assert list(found) == list(STEPS)


def test_a_model_without_a_class_is_wrong_wherever_it_is_filled_in():
    found = steps(threshold_sweep([photo(0.96), photo(0.96, right=False, known=False)], THRESHOLDS), "model")
    assert (found[0.9].fills, found[0.9].wrong) == (2, 1)


def test_a_photo_labelled_with_its_make_alone_counts_for_makes_only():
    sweep = threshold_sweep([photo(0.96, model=""), photo(0.96)], THRESHOLDS)
    assert steps(sweep, "model")[0.9].photos == 1
    assert steps(sweep, "make")[0.9].photos == 2


def test_a_make_s_lowest_confidence_is_the_first_that_keeps_the_promise():
    some = [photo(0.96) for _ in range(FEWEST_PHOTOS)] + [photo(0.62, right=False)]
    (bmw,) = threshold_sweep(some, THRESHOLDS).makes
    assert (bmw.make, bmw.today.photos, bmw.today.fills, bmw.today.wrong) == (
        "BMW",
        FEWEST_PHOTOS + 1,
        FEWEST_PHOTOS,
        0,
    )
    assert bmw.lowest.confidence == 0.65
    assert threshold_sweep(some[:3], THRESHOLDS).makes == []


def test_a_make_that_never_keeps_it_has_no_lowest():
    some = [photo(0.999, right=False) for _ in range(FEWEST_PHOTOS)]
    assert threshold_sweep(some, THRESHOLDS).makes[0].lowest is None


def test_the_section_shows_and_tells_the_same():
    section = sweep_section(threshold_sweep([photo(0.96), photo(0.72, right=False)], THRESHOLDS))
    told = section.figures["threshold_sweep"]["model"]
    assert {"confidence": 0.7, "photos": 2, "fills": 2, "wrong": 1, "error": 0.5} in told
    assert "If a form filled the model in from this confidence on" in section.html


def test_without_labels_there_is_no_section():
    assert threshold_sweep([], THRESHOLDS) is None
    assert sweep_section(None) is None
