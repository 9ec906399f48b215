"""Features of a frozen backbone, computed once per photo and stored by its content."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from classifier.engines import engine_choose
from classifier.training.data.pictures.content_cache import ContentCache
from classifier.training.data.pictures.crops import CUT_FORM
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.model.feature_extractor import extractor_digest, extractor_engine, from_bytes, to_bytes
from classifier.training.progress import Progress

CACHE_FILE = "features.sqlite3"
"""In a training's work folder."""
BATCH = 32


@dataclass(frozen=True)
class FeatureSet:
    """Features (N, D) and class numbers (N,)."""

    features: Tensor
    labels: Tensor

    def joined(self, other: FeatureSet) -> FeatureSet:
        """These photos, then the other's."""
        return FeatureSet(torch.cat([self.features, other.features]), torch.cat([self.labels, other.labels]))


class FeatureCache:
    """Features by photo, for one backbone's weights and one crop rule. Its file may be deleted."""

    def __init__(self, folder: Path, *, backbone: nn.Module, cut: str) -> None:
        """backbone: without a head. cut: identifies how photos are cut (detector, rule, size)."""
        self._backbone = backbone.eval()
        self._kept = ContentCache(folder / CACHE_FILE)
        # The engine is part of the key: a GPU computes in half precision.
        self._kind = f"features {extractor_digest(backbone, cut, CUT_FORM, *engine_choose('auto', 'auto'))}"
        self._width = 0

    def features(self, photos: CropSet, digests: list[str], progress: Progress) -> FeatureSet:
        """digests: sha256 of each photo of the set, in its order. Raises EngineError or OSError."""
        known = {digest: from_bytes(value) for digest, value in self._kept.get(self._kind, digests).items()}
        new = [at for at, digest in enumerate(digests) if digest not in known]
        if new:
            engine = extractor_engine(self._backbone, side=photos[new[0]][0].shape[-1])
            loader = DataLoader(torch.utils.data.Subset(photos, new), batch_size=BATCH)
            names = iter(digests[at] for at in new)
            for images, _ in progress.track(loader, total=len(loader), what="features"):
                found = dict(zip(islice(names, len(images)), engine.infer(images.numpy()), strict=True))
                self._kept.put(self._kind, {digest: to_bytes(one) for digest, one in found.items()})
                known |= found
        self._width = next((len(one) for one in known.values()), self._width)
        stacked = np.asarray([known[digest] for digest in digests], dtype=np.float32)
        stacked = stacked.reshape(len(digests), self._width)  # (0, D) without photos
        return FeatureSet(torch.from_numpy(stacked), torch.from_numpy(photos.labels.astype(np.int64)))
