"""Features of a frozen backbone: those that torch gives, computed once per photo."""

import numpy as np
import timm
import torch

from classifier.artefact import Preprocessing
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.model import features
from classifier.training.model.features import FeatureCache
from classifier.training.progress import Silent


def pictures(photos=9):
    pixels = np.random.default_rng(0).integers(0, 256, (photos, 64, 64, 3), dtype=np.uint8)
    return CropSet(pixels, np.arange(photos), np.arange(photos), Preprocessing(64))


def cache(folder):
    torch.manual_seed(0)
    return FeatureCache(folder, backbone=timm.create_model("test_efficientnet", num_classes=0), cut="squares")


def test_they_are_torch_s_own(tmp_path):
    photos = pictures()
    torch.manual_seed(0)
    backbone = timm.create_model("test_efficientnet", num_classes=0).eval()
    with torch.inference_mode():
        wanted = backbone(torch.stack([photos[at][0] for at in range(9)]))
    found = cache(tmp_path).features(photos, [f"sha-{at}" for at in range(9)], Silent())
    assert torch.allclose(found.features, wanted, atol=1e-4)
    assert found.labels.tolist() == list(range(9))


def test_a_photo_is_looked_at_once(tmp_path, monkeypatch):
    digests = [f"sha-{at}" for at in range(9)]
    first = cache(tmp_path).features(pictures(), digests, Silent())
    monkeypatch.setattr(features, "extractor_engine", None)  # whoever looks again fails
    again = cache(tmp_path).features(pictures(), digests[::-1], Silent())
    assert torch.equal(again.features, first.features.flip(0))


def test_a_set_without_photos_is_as_wide_as_the_others(tmp_path):
    kept = cache(tmp_path)
    width = kept.features(pictures(), [f"sha-{at}" for at in range(9)], Silent()).features.shape[1]
    assert kept.features(pictures(0), [], Silent()).features.shape == (0, width)
