"""Photos made as bad as sellers' are."""

import numpy as np
import pytest
import torch
from PIL import Image

from classifier.training.data.pictures import degradation
from classifier.training.data.pictures.degradation import KINDS, Degrade


@pytest.fixture
def picture():
    pixels = np.random.default_rng(3).integers(0, 255, (96, 120, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", sorted(set(KINDS), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_each_kind_changes_the_picture_but_not_its_size_and_is_the_same_again_with_the_same_seed(kind, picture):
    def degraded(seed):
        torch.manual_seed(seed)
        return kind(picture)

    once = degraded(7)
    assert (once.size, once.mode) == (picture.size, "RGB")
    assert not np.array_equal(np.asarray(once), np.asarray(picture))
    assert np.array_equal(np.asarray(once), np.asarray(degraded(7)))


def test_a_picture_of_few_pixels_has_lost_its_detail(picture):
    torch.manual_seed(0)
    lost = np.asarray(degradation.few_pixels(picture), dtype=float)
    assert np.abs(np.diff(lost, axis=1)).mean() < 0.5 * np.abs(np.diff(np.asarray(picture, dtype=float), axis=1)).mean()


def test_night_is_darker(picture):
    torch.manual_seed(0)
    assert np.asarray(degradation.dark(picture)).mean() < 0.8 * np.asarray(picture).mean()


def test_about_the_asked_share_of_pictures_is_degraded(picture):
    torch.manual_seed(1)
    degrade = Degrade(0.3)
    changed = sum(degrade(picture) is not picture for _ in range(300))
    assert changed == pytest.approx(90, abs=25)
    assert all(Degrade(0.0)(picture) is picture for _ in range(20))
