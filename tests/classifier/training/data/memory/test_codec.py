"""Eight bits for a feature."""

import numpy as np
import pytest

from classifier.training.data.memory.codec import LEVELS, Packed


@pytest.fixture
def features():
    return np.random.default_rng(1).gamma(0.3, 1.0, (300, 8)).astype(np.float32)


def test_what_is_unpacked_differs_by_half_a_step_of_the_root(features):
    packed = Packed.of(features)
    assert (packed.codes.dtype, packed.codes.shape) == (np.uint8, (300, 8))
    roots = np.abs(np.sqrt(packed.unpacked()) - np.sqrt(features))
    assert (roots <= np.sqrt(features).max(0) / LEVELS / 2 * 1.01 + 1e-6).all()


def test_negative_values_and_a_dimension_that_never_changes_come_back():
    features = np.array([[-4.0, 0.5, 0.0], [9.0, 0.5, 0.0]], dtype=np.float32)
    assert np.allclose(Packed.of(features).unpacked(), features, rtol=1e-5)


def test_more_photos_leave_every_code_as_it_was_and_are_cut_off_beyond_the_scale(features):
    packed = Packed.of(features)
    more = packed.extended(np.concatenate([features[:1], features.max(0, keepdims=True) * 4]))
    assert np.array_equal(more.codes[:300], packed.codes)
    assert np.array_equal(more.codes[300], packed.codes[0])
    assert np.allclose(more.unpacked()[301], features.max(0), rtol=1e-5)


def test_without_photos_it_can_begin():
    empty = Packed.of(np.zeros((0, 3), dtype=np.float32))
    assert empty.unpacked().shape == (0, 3)
    assert np.allclose(empty.extended(np.array([[1.0, 2.0, 3.0]], dtype=np.float32)).unpacked(), [[1, 2, 3]])
