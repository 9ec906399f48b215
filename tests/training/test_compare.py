"""Who is better, and how sure that is."""

import numpy as np
import pytest

from marketplace.training.compare import paired_difference

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
    """Ten photos of each of 20 cars, all right or all wrong together, say no more than 20 photos."""
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
