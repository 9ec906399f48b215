"""What training does to pictures, and how they get to another process."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.artefact import Preprocessing
from classifier.training.data.pictures.transforms import CropSet, Drawn
from classifier.training.recipe import Recipe

PLAIN = Recipe(randaugment_ops=0, erasing=0.0, crop_scale=1.0)


@pytest.fixture
def photos(tmp_path):
    pixels = np.memmap(tmp_path / "pixels.bin", dtype=np.uint8, mode="w+", shape=(100, 48, 48, 3))
    pixels[:] = np.random.default_rng(0).integers(0, 255, pixels.shape, dtype=np.uint8)
    pixels.flush()
    return CropSet(pixels, np.arange(100), np.zeros(100, dtype=np.int64), Preprocessing(32))


@pytest.mark.parametrize("change", [{"rotation": 20.0}, {"colour_jitter": 0.4}])
def test_turned_and_recoloured_pictures_are_the_same_again_in_the_same_epoch(photos, change):
    def picture(recipe, epoch):
        photos.augment(recipe, size=32, epoch=epoch)
        return photos[5][0]

    recipe = replace(PLAIN, **change)
    first = picture(recipe, 1)
    assert torch.equal(first, picture(recipe, 1))
    assert not torch.equal(first, picture(recipe, 2))
    assert not torch.equal(first, picture(PLAIN, 1))


def test_pictures_mapped_from_a_file_go_to_another_process_as_the_files_name(photos):
    photos.augment(PLAIN, size=32, epoch=3)
    packed = pickle.dumps(photos)
    assert len(packed) < photos.pixels.nbytes / 20
    there = pickle.loads(packed)
    assert torch.equal(there[7][0], photos[7][0])


def test_a_photo_that_an_epoch_shows_again_looks_different_and_the_first_time_as_ever(photos):
    photos.augment(replace(PLAIN, crop_scale=0.3), size=32, epoch=1)
    drawn = Drawn(photos, [5, 9, 5, 5])
    first, _, second, third = (drawn[at][0] for at in range(4))
    assert torch.equal(first, photos[5][0])
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(third, Drawn(photos, [5, 9, 5, 5])[3][0])
