"""Which version is better, and how sure that is."""

import numpy as np
import pytest

from classifier.training.calibration import coverage_at_error, ece
from marketplace.training.promotion.comparison import (
    ERRORS,
    Answers,
    class_changes,
    paired_coverage,
    paired_difference,
    paired_ece,
)

RNG = np.random.default_rng(7)


def test_it_finds_no_difference_between_the_same_answers():
    right = RNG.random(200) < 0.7
    found = paired_difference(challenger=right, champion=right, vehicles=[str(n) for n in range(200)])
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_it_is_surer_with_more_cars():
    def width(cars):
        challenger, champion = RNG.random(cars) < 0.8, RNG.random(cars) < 0.7
        found = paired_difference(challenger=challenger, champion=champion, vehicles=[str(n) for n in range(cars)])
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(2000) < width(100) / 3


def test_it_counts_cars_not_photos():
    """Ten photos of each of 20 cars, all right or all wrong, tell no more than 20 photos."""
    better = RNG.random(20) < 0.5
    once = paired_difference(challenger=better, champion=np.zeros(20, bool), vehicles=[str(n) for n in range(20)])
    ten = paired_difference(
        challenger=np.repeat(better, 10),
        champion=np.zeros(200, bool),
        vehicles=[str(n) for n in np.repeat(np.arange(20), 10)],
    )
    assert ten.high - ten.low == pytest.approx(once.high - once.low, rel=0.1)


def test_it_refuses_what_cannot_be_compared():
    with pytest.raises(ValueError, match="no photos"):
        paired_difference(challenger=np.zeros(0, bool), champion=np.zeros(0, bool), vehicles=[])


def test_the_coverage_difference_is_the_difference_of_the_mean_coverages():
    right, confidence = RNG.random((2, 300)) < 0.9, RNG.random((2, 300)).round(2)
    vehicles = [str(n // 2) for n in range(300)]
    ours, theirs = (Answers(right[n], confidence[n]) for n in range(2))
    found = paired_coverage(challenger=ours, champion=theirs, vehicles=vehicles)
    alone = [
        np.mean([coverage_at_error(confidence[n], right[n], max_error=error) for error in ERRORS]) for n in range(2)
    ]
    assert found.value == pytest.approx(alone[0] - alone[1])
    assert found.low <= found.value <= found.high
    same = paired_coverage(challenger=ours, champion=ours, vehicles=vehicles)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_one_photo_at_a_step_of_the_coverage_does_not_decide_alone():
    """With one wrong photo more, no half of the answers has 3 % wrong, but still 5 %."""
    confidence = np.linspace(1, 0.01, 200)
    theirs = np.arange(200) % 32 != 31
    ours = theirs.copy()
    ours[1] = False
    step = coverage_at_error(confidence, ours) - coverage_at_error(confidence, theirs)
    vehicles = [str(n) for n in range(200)]
    given = {"challenger": Answers(ours, confidence), "champion": Answers(theirs, confidence)}
    found = paired_coverage(**given, vehicles=vehicles)
    assert step < -0.9
    assert -0.5 < found.value < 0


def test_the_difference_of_calibration_errors_is_that_of_both():
    confidence = RNG.random((2, 300))
    right = RNG.random((2, 300)) < confidence
    right[1] &= RNG.random(300) < 0.7  # the second states too much
    ours, theirs = (Answers(right[n], confidence[n]) for n in range(2))
    found = paired_ece(challenger=ours, champion=theirs, vehicles=[str(n // 2) for n in range(300)])
    assert found.value == pytest.approx(ece(confidence[0], right[0]) - ece(confidence[1], right[1]))
    assert found.low < found.high < 0


def test_a_class_with_few_photos_is_left_out_and_the_worst_comes_first():
    cars = ["a"] * 20 + ["b"] * 20 + ["c"] * 19
    champion = np.ones(59, bool)
    challenger = champion.copy()
    challenger[[0, 20, 21, 40, 41, 42]] = False
    changes = class_changes(cars=cars, challenger=challenger, champion=champion)
    assert [(one.name, one.change) for one in changes] == [("b", -0.1), ("a", -0.05)]
