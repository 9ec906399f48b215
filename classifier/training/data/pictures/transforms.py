"""What training does to the pictures, seeded so that a resumed run sees the same ones.

Validation is classifier.preprocess.to_input, the very code of serving.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import InterpolationMode, v2

from classifier.artefact import Preprocessing
from classifier.preprocess import to_input
from classifier.training.data.pictures.degradation import Degrade
from classifier.training.recipe import Recipe

RATIO = (0.8, 1.25)


def train_transform(recipe: Recipe, size: int, p: Preprocessing, *, flips: bool = True) -> Any:
    """Square picture → augmented float tensor (3, size, size). flips: mirror half of them."""
    steps: list[Any] = [
        v2.RandomResizedCrop(
            size, scale=(recipe.crop_scale, 1.0), ratio=RATIO, interpolation=InterpolationMode.BILINEAR
        )
    ]
    if flips:
        steps.append(v2.RandomHorizontalFlip())
    if recipe.rotation:
        steps.insert(0, v2.RandomRotation(recipe.rotation, interpolation=InterpolationMode.BILINEAR))
    if recipe.colour_jitter:
        share = recipe.colour_jitter
        steps.append(v2.ColorJitter(brightness=share, contrast=share, saturation=share, hue=share / 10))
    if recipe.randaugment_ops:
        steps.append(v2.RandAugment(recipe.randaugment_ops, recipe.randaugment_magnitude))
    if recipe.degrade:
        steps.append(Degrade(recipe.degrade))
    steps += [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(p.mean), list(p.std))]
    if recipe.erasing:
        steps.append(v2.RandomErasing(recipe.erasing))
    return v2.Compose(steps)


class CropSet(Dataset[tuple[Tensor, Tensor]]):
    """Pictures of a crop cache with their class numbers."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        index: NDArray[np.int64],
        labels: NDArray[np.int64],
        p: Preprocessing,
        *,
        mirrored: NDArray[np.int64] | None = None,
    ) -> None:
        """index: (N,), where each picture is in `pixels`.

        labels: (N,), its class, or (N, K), one for each of K heads, -1 where it says nothing.
        mirrored: the labels of the mirrored pictures, where mirroring changes them. Then a picture
        comes plain in one epoch and mirrored in the next, in place of being mirrored at random.
        """
        self.pixels, self.index, self.labels = pixels, index, labels
        self._p, self._mirrored, self._epoch = p, mirrored, 0
        self._transform: Any = None
        self._seed = ""

    def chosen(
        self, index: NDArray[np.int64], labels: NDArray[np.int64], *, mirrored: NDArray[np.int64] | None = None
    ) -> CropSet:
        """Others of the same pictures, or the same with other labels."""
        return CropSet(self.pixels, index, labels, self._p, mirrored=mirrored)

    def turned(self, labels: NDArray[np.int64]) -> CropSet:
        """The mirrored pictures, with their labels."""
        return CropSet(self.pixels[:, :, ::-1], self.index, labels, self._p)

    def __getstate__(self) -> dict[str, Any]:
        """For another process: pictures mapped from a file go as the file's name."""
        state = dict(self.__dict__)
        if isinstance(self.pixels, np.memmap) and self.pixels.filename is not None:
            state["pixels"] = (str(self.pixels.filename), self.pixels.shape)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(state["pixels"], tuple):
            file, shape = state["pixels"]
            self.pixels = np.memmap(file, dtype=np.uint8, mode="r", shape=shape)

    def augment(self, recipe: Recipe, *, size: int, epoch: int) -> None:
        """Set what the next epoch does to the pictures; without it they come as in serving."""
        self._transform = train_transform(recipe, size, self._p, flips=self._mirrored is None)
        self._epoch = epoch
        self._seed = f"{recipe.seed}:{epoch}"

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        return self.shown(at, 0)

    def shown(self, at: int, before: int) -> tuple[Tensor, Tensor]:
        """A picture and its label. before: how often this epoch has shown it already."""
        image = Image.fromarray(self.pixels[self.index[at]])
        label = torch.as_tensor(self.labels[at])
        if self._transform is None:
            return torch.from_numpy(to_input(image, self._p)), label
        if self._mirrored is not None and (at + self._epoch + before) % 2:
            image, label = ImageOps.mirror(image), torch.as_tensor(self._mirrored[at])
        again = f":{before}" if before else ""
        digest = hashlib.sha256(f"{self._seed}:{at}{again}".encode()).digest()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int.from_bytes(digest[:7], "big"))
            return self._transform(image), label


class Drawn(Dataset[tuple[Tensor, Tensor]]):
    """Pictures in an order that may name one several times, each time differently augmented."""

    def __init__(self, photos: CropSet, order: Sequence[int]) -> None:
        """order: positions in `photos`."""
        self._photos, self._order = photos, list(order)
        self._before: list[int] = []
        seen: Counter[int] = Counter()
        for at in self._order:
            self._before.append(seen[at])
            seen[at] += 1

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        return self._photos.shown(self._order[place], self._before[place])
