"""Wilson's interval of a share."""

import pytest

from classifier.training.intervals import wilson


def test_it_holds_the_share_and_narrows_with_photos():
    low, high = wilson(80, 100)
    assert (low, high) == (pytest.approx(0.711, abs=1e-3), pytest.approx(0.867, abs=1e-3))
    wide = wilson(8, 10)
    assert wide[0] < low < high < wide[1]


def test_no_mistake_in_ten_photos_is_no_proof():
    assert wilson(10, 10) == (pytest.approx(0.722, abs=1e-3), 1.0)


def test_no_photos_have_no_interval():
    with pytest.raises(ValueError, match="no photos"):
        wilson(0, 0)
