"""Temperature, thresholds, calibration error."""

import numpy as np
import pytest

from classifier.artefact import NEVER, TrainedClass
from classifier.fuse import log_softmax
from classifier.training.calibration import (
    alpha_fit,
    coverage_at_error,
    ece,
    reliability,
    source_weights,
    temperature_fit,
    threshold_fit,
    thresholds_fit,
)


def softmax(logits):
    exact = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exact / exact.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_one_that_made_the_labels(true_temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6000, 10)) * 3
    labels = [rng.choice(10, p=row) for row in softmax(logits / true_temperature)]
    assert temperature_fit(logits, labels) == pytest.approx(true_temperature, rel=0.06)


def test_the_temperature_makes_overconfident_logits_honest():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5000, 5)) * 2
    labels = np.array([rng.choice(5, p=row) for row in softmax(logits)])
    loud = logits * 4
    before, after = softmax(loud), softmax(loud / temperature_fit(loud, labels))
    right = loud.argmax(axis=1) == labels
    assert ece(before.max(axis=1), right) > 0.1
    assert ece(after.max(axis=1), right) < 0.03


def test_the_temperature_stays_finite_for_perfect_logits():
    assert 0 < temperature_fit(np.eye(4) * 1000, [0, 1, 2, 3]) < 21


def test_a_small_source_is_heard_but_does_not_outvote_a_large_one():
    weights = source_weights(["many"] * 400 + ["few"] * 4)
    assert weights[:400].sum() == pytest.approx(20)
    assert weights[400:].sum() == pytest.approx(2)
    sure, unsure = np.array([[8.0, 0.0]] * 400), np.array([[8.0, 0.0]] * 4)
    logits, labels = np.concatenate([sure, unsure]), [0] * 400 + [1] * 4
    assert temperature_fit(logits, labels, weights) > temperature_fit(logits, labels)


@pytest.mark.parametrize(("shared", "expected"), [(0.0, 0.0), (1.0, 1.0)])
def test_alpha_says_whether_photos_of_one_car_are_witnesses_or_repetitions(shared, expected):
    rng = np.random.default_rng(2)
    classes = [TrainedClass("Make", str(number)) for number in range(6)]
    cars = []
    for _ in range(400):
        common = rng.normal(size=6) * 2
        photos = [log_softmax(shared * common + (1 - shared) * rng.normal(size=6) * 2) for _ in range(4)]
        joint = np.exp(log_softmax(photos[0] if shared else np.sum(photos, axis=0)).astype(np.float64))
        cars.append((photos, int(rng.choice(6, p=joint / joint.sum()))))
    assert alpha_fit(cars, classes) == expected
    assert alpha_fit(cars[:3], classes) is None


def test_logits_that_do_not_fit_their_labels_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        temperature_fit(np.zeros((3, 2)), [0, 1])
    with pytest.raises(ValueError, match="no class"):
        temperature_fit(np.zeros((2, 2)), [0, 2])


def test_the_threshold_is_the_lowest_with_three_per_cent_error():
    confidence = np.linspace(1, 0, 101)  # surest first
    correct = np.ones(101, dtype=bool)
    correct[[40, 50, 60]] = False
    threshold = threshold_fit(confidence, correct)
    answered = confidence >= threshold
    assert 1 - correct[answered].mean() <= 0.03
    assert answered.sum() == 101  # three wrong among all 101 are still under 3 %
    correct[70] = False
    answered = confidence >= threshold_fit(confidence, correct)
    assert answered.sum() == 50  # the second mistake makes it 2 of 51


def test_no_threshold_rests_on_a_few_photos():
    assert threshold_fit([0.9] * 29, [True] * 29) == NEVER
    assert threshold_fit([0.9] * 30, [True] * 30) == 0.9
    assert threshold_fit([], []) == NEVER


def test_the_largest_source_does_not_speak_for_the_others():
    """400 easy photos, and 100 of which every tenth is wrong: pooled, the errors would not show."""
    confidence = np.concatenate([np.full(400, 0.9), np.full(100, 0.9)])
    right = np.concatenate([np.ones(400, bool), np.arange(100) % 10 > 0])
    sources = ["easy"] * 400 + ["hard"] * 100
    assert threshold_fit(confidence, right) == 0.9
    assert threshold_fit(confidence, right, weights=source_weights(sources)) == NEVER
    with pytest.raises(ValueError, match="do not fit"):
        threshold_fit(confidence, right, weights=[1.0])


def test_photos_of_equal_confidence_stand_or_fall_together():
    assert threshold_fit([0.9] * 100, [True] * 50 + [False] * 50) == NEVER
    assert coverage_at_error([0.9] * 100, [True] * 50 + [False] * 50) == 0


def test_coverage_is_over_all_photos_unanswered_ones_included():
    assert coverage_at_error([0.9, 0.8, 0.0, 0.0], [True, True, False, False]) == 0.5


def test_calibration_error_is_how_far_confidence_is_from_being_right():
    assert ece([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0)
    assert ece([1.0] * 10, [False] * 10) == pytest.approx(1)
    assert ece([0.0] * 10, [False] * 10) == pytest.approx(0)
    with pytest.raises(ValueError, match="no photos"):
        ece([], [])
    with pytest.raises(ValueError, match="outside"):
        ece([1.2], [True])


def test_reliability_tells_the_bins_that_hold_photos():
    assert reliability([0.9, 0.92, 0.1], [True, False, False], bins=10) == [
        (pytest.approx(0.1), 0.0, 1),
        (pytest.approx(0.9), 1.0, 1),
        (pytest.approx(0.92), 0.0, 1),
    ]


def test_a_threshold_holds_in_every_source_and_not_on_average():
    sure = np.linspace(0.5, 1.0, 200)
    easy, hard = np.ones(200, dtype=bool), sure > 0.8
    together = np.concatenate([sure, sure]), np.concatenate([easy, hard])
    assert threshold_fit(*together) < 0.8
    assert thresholds_fit(*together, ["cut"] * 200 + ["sellers"] * 200) > 0.79


def test_a_source_that_cannot_show_the_error_forbids_every_answer():
    sure = np.linspace(0.5, 1.0, 200)
    wrong = np.arange(200) % 2 == 0
    right = np.concatenate([np.ones(200, dtype=bool), wrong])
    found = thresholds_fit(np.concatenate([sure, sure]), right, ["a"] * 200 + ["b"] * 200)
    assert found == NEVER


def test_sources_too_small_to_judge_are_judged_together():
    sure = np.full(60, 0.9)
    right = np.ones(60, dtype=bool)
    assert thresholds_fit(sure, right, [f"country {n % 6}" for n in range(60)]) == pytest.approx(0.9)


def test_a_small_source_is_judged_with_the_hardest_and_needs_no_evidence_of_its_own():
    sure = np.linspace(0.5, 1.0, 200)
    easy, hard = np.ones(200, dtype=bool), sure > 0.8
    few, wrong = np.full(9, 0.95), np.zeros(9, dtype=bool)
    stated, names = np.concatenate([sure, sure, few]), ["cut"] * 200 + ["ads"] * 200 + ["lot"] * 9
    with_few_wrong = thresholds_fit(stated, np.concatenate([easy, hard, wrong]), names)
    with_few_right = thresholds_fit(stated, np.concatenate([easy, hard, ~wrong]), names)
    without = thresholds_fit(stated[:400], np.concatenate([easy, hard]), names[:400])
    assert with_few_right == pytest.approx(without, abs=0.02)
    assert with_few_wrong > 0.95
