"""Losses: over classes and makes, over several heads, and at the best temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classifier.artefact import TrainedClass
from classifier.names import name_key
from classifier.training.calibration import temperature_fit
from classifier.training.data.labels import UNKNOWN, label_numbers
from classifier.training.data.manifest import ManifestRow

Loss = Callable[[Tensor, Tensor], Tensor]
"""logits, labels → a scalar."""


def tempered_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of logits (N, C) and labels (N,) at the temperature that minimises it.

    So an overconfident network is not ranked lower for what calibration corrects. weights: (N,),
    what each photo counts. NaN where a logit is not finite.
    """
    if not torch.isfinite(logits).all():
        return logits.new_tensor(torch.nan)
    temperature = temperature_fit(logits.numpy(), labels.numpy(), None if weights is None else weights.numpy())
    losses = nn.functional.cross_entropy(logits / temperature, labels, reduction="none")
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()


def makes_of(classes: Sequence[TrainedClass]) -> list[str]:
    """The makes of the classes as name keys, sorted."""
    return sorted({name_key(one.make) for one in classes})


def labels_with_makes(rows: Sequence[ManifestRow], classes: Sequence[TrainedClass]) -> NDArray[np.int64]:
    """Per row its class 0…C-1, or C + the number of its make, or UNKNOWN.

    The class may be the rest of a make. A row without a class gets its make's number if the make
    has classes: photos of models that are too rare for a class still show what their make looks
    like.
    """
    makes = {make: len(classes) + number for number, make in enumerate(makes_of(classes))}
    numbers = [
        number if number != UNKNOWN else makes.get(name_key(row.make), UNKNOWN)
        for number, row in zip(label_numbers(rows, classes, rest=True), rows, strict=True)
    ]
    return np.asarray(numbers, dtype=np.int64)


class LabelLoss:
    """Cross-entropy over classes, plus `make_weight` times that over makes.

    A make's probability is the sum over its classes. A label of C or more states only the make
    (labels_with_makes) and counts in the second term alone.
    """

    def __init__(
        self,
        make_of: Sequence[int],
        *,
        label_smoothing: float,
        make_weight: float,
        class_weights: Tensor | None = None,
    ) -> None:
        """make_of: per class its make's number. class_weights: (C,), of a photo of each class."""
        makes = max(make_of, default=-1) + 1
        self._classes = len(make_of)
        self._smoothing, self._weight, self._class_weights = label_smoothing, make_weight, class_weights
        self._make_of = torch.tensor([*make_of, *range(makes)])
        """Per label, class or make, the number of the make."""
        self._members = nn.functional.one_hot(self._make_of[: self._classes], makes).float()

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, C), labels (N,) → the mean loss, a scalar."""
        scores = logits.float()
        known = labels < self._classes
        weights = self._class_weights.to(scores.device) if self._class_weights is not None else None
        # Without branches on what the labels are: on a GPU each would wait for it.
        losses = nn.functional.cross_entropy(
            scores, labels.where(known, UNKNOWN), weight=weights, label_smoothing=self._smoothing,
            ignore_index=UNKNOWN, reduction="sum",
        )  # fmt: skip
        counted = known if weights is None else known * weights[labels.clamp(max=self._classes - 1)]
        loss = losses / counted.sum().clamp_min(1e-8)
        if self._weight:
            members = self._members.to(scores.device)
            makes = (scores.softmax(1) @ members).clamp_min(1e-8).log()
            truth = self._make_of.to(labels.device)[labels]
            loss = loss + self._weight * nn.functional.nll_loss(makes, truth)
        return loss


class HeadsLoss:
    """The sum of several heads' cross-entropies, each over outputs of its own, per photo.

    A photo without a label for a head (UNKNOWN) adds nothing to it. The sum is divided by all
    photos, so a label has the same weight in a batch with many or few labels of its head.
    """

    def __init__(self, sizes: Sequence[int], *, weights: Sequence[float], label_smoothing: float) -> None:
        """sizes: outputs per head, in the network's order. weights: what a label of each counts."""
        self._sizes, self._weights, self._smoothing = list(sizes), list(weights), label_smoothing

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, sum of sizes), labels (N, heads) → the mean loss, a scalar."""
        loss = torch.zeros((), device=logits.device)
        for scores, truth, weight in zip(
            torch.split(logits.float(), self._sizes, dim=1), labels.unbind(1), self._weights, strict=True
        ):
            loss = loss + weight * nn.functional.cross_entropy(
                scores, truth, ignore_index=UNKNOWN, label_smoothing=self._smoothing, reduction="sum"
            )
        return loss / len(labels)


class TemperedHeadsLoss:
    """The sum of several heads' tempered_loss: what a validation compares epochs by.

    Every head counts the same, and of a head a label of n photos counts sqrt(n): exteriors are easy
    and many. A photo without a label for a head (UNKNOWN) adds nothing to it.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        """sizes: outputs per head, in the network's order."""
        self._sizes = list(sizes)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, sum of sizes), labels (N, heads) → a scalar."""
        loss = torch.zeros(())
        for scores, truth in zip(torch.split(logits.float(), self._sizes, dim=1), labels.unbind(1), strict=True):
            said = truth != UNKNOWN
            if said.any():
                weights = torch.bincount(truth[said]).double() ** -0.5
                loss = loss + tempered_loss(scores[said], truth[said], weights[truth[said]])
        return loss


def class_weights(labels: NDArray[np.int64], *, classes: int, balance: float) -> Tensor | None:
    """(C,) weights ~ photos ** -balance, 1 on average over the photos; None for balance 0.

    Labels of C or more, which state only a make, are not counted.
    """
    if not balance:
        return None
    photos = np.bincount(labels[labels < classes], minlength=classes).clip(min=1)
    weights = photos.astype(np.float64) ** -balance
    return torch.tensor(weights * photos.sum() / (weights * photos).sum(), dtype=torch.float32)


def label_loss(
    classes: Sequence[TrainedClass],
    *,
    label_smoothing: float,
    make_weight: float,
    weights: Tensor | None = None,
) -> LabelLoss:
    """The loss for these classes; makes are numbered as in labels_with_makes.

    weights: see class_weights.
    """
    number = {make: at for at, make in enumerate(makes_of(classes))}
    return LabelLoss(
        [number[name_key(one.make)] for one in classes],
        label_smoothing=label_smoothing,
        make_weight=make_weight,
        class_weights=weights,
    )
