"""Incremental training: a classifier learns new photos and classes and forgets nothing.

Backbone and hidden layers stay. The new head is the old one plus a correction with an L2 penalty.
Classes without new photos keep their weights bit for bit, so a moderator's few corrections cannot
undo what was learned from a hundred thousand photos.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from classifier.artefact import Artefact, ArtefactSpec, TrainedClass
from classifier.engines.networks import last_prefix
from classifier.training.calibration import MIN_HELD_OUT
from classifier.training.data.attribute_labels import class_bodies_of
from classifier.training.data.labels import UNKNOWN, class_key
from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.head.linear_probe import HeadJob
from classifier.training.loop.state import EpochFigures, Fitted, History, cpu_copy
from classifier.training.model.backbones import State, backbone_create, backbone_load
from classifier.training.model.features import FeatureSet
from classifier.training.progress import Progress

EXTENDS = "extends"
"""Key of an incremental artefact's recipe: the version it was trained from."""
HOLDS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Penalties that are tried, the strongest first; held-out photos choose."""
HOLD_UNASKED = 0.03
"""The penalty where there are too few held-out photos to choose one."""
WORSE_MOST = 2
"""The choice ends after this many penalties in a row with a higher val loss than the best one."""
TOLERANCE = 2e-5
"""The solver ends when a step changes the loss, or every weight, by less. Hardly any photo's answer
depends on it."""
TOLERANCE_TO_CHOOSE = 1e-4
"""While the penalty is chosen; the chosen one is then solved to TOLERANCE."""
FIRST_STEPS = 2
"""The solver's first step is tiny on a large problem. These bring its steps to their usual size."""


def incremental_network(base: Artefact, *, outputs: int) -> nn.Module:
    """The base's network with `outputs` classes: its own first, then new ones, whose weights are 0.

    Only the last layer grows; hidden layers of the head stay, as the backbone does.
    """
    state = base.state_dict()
    hidden = base.spec.head_hidden
    network = backbone_create(base.spec.backbone, outputs=outputs, hidden=hidden, pretrained=False)
    head, prefix = _head(network), last_prefix(network)
    backbone_load(network, state, what=f"the weights of {base.version}", but=prefix)
    known = len(base.spec.classes)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[:known] = state[f"{prefix}weight"]
        # A new class begins as likely as any other.
        head.bias.fill_(float(state[f"{prefix}bias"].mean()))
        head.bias[:known] = state[f"{prefix}bias"]
    return network


def incremental_temperatures(base: ArtefactSpec, *, outputs: int) -> tuple[float, ...]:
    """The base's class temperatures, and for each new class the highest of them."""
    own = base.class_temperatures
    return (*own, *[max(own)] * (outputs - len(own))) if own else ()


def incremental_bodies(
    base: ArtefactSpec, classes: Sequence[TrainedClass], rows: Sequence[ManifestRow]
) -> tuple[str, ...]:
    """The base's class bodies, and for new classes those that the training rows state."""
    own = base.class_bodies
    if not own:
        return ()
    found = class_bodies_of(rows, classes) or ("",) * len(classes)
    return (*own, *found[len(own) :])


def head_copy(network: nn.Module, state: State, *, of: Sequence[TrainedClass], to: Sequence[TrainedClass]) -> int:
    """Copy a trained head's weights of the classes that `network` has too; returns their number.

    state: of a network with the same backbone and hidden layers; of: its classes. to: the classes
    of `network`, in its order; those that are not in `of` keep their weights.
    """
    head, prefix = _head(network), last_prefix(network)
    numbers = {class_key(one.make, one.model, one.years): number for number, one in enumerate(of)}
    known = [numbers.get(class_key(one.make, one.model, one.years), UNKNOWN) for one in to]
    here = [at for at, number in enumerate(known) if number != UNKNOWN]
    there = [number for number in known if number != UNKNOWN]
    with torch.no_grad():
        for tensor, name in ((head.weight, "weight"), (head.bias, "bias")):
            tensor[here] = state[f"{prefix}{name}"][there]
    return len(here)


def incremental_head_fit(job: HeadJob, *, progress: Progress) -> Fitted:
    """Fit the correction of the head; returns the whole network's weights.

    Only classes with training photos get a correction. When job.max_minutes are over, no further
    penalty is tried. The problem is convex and the result deterministic.
    """
    ends = time.monotonic() + (job.max_minutes * 60 if job.max_minutes else math.inf)
    problem = _Correction.of(job)
    best: tuple[float, Tensor, float] | None = None
    worse = 0
    history: History = []
    holds = HOLDS if len(job.val.labels) >= MIN_HELD_OUT else (HOLD_UNASKED,)
    correction = before = torch.zeros_like(problem.head.weight)
    for step, hold in enumerate(progress.track(holds, total=len(holds), what="head"), start=1):
        # Extrapolate the last two solutions: the next one lies near. A convex problem has one
        # solution wherever the search begins.
        begin = 2 * correction - before
        before = correction
        correction = problem.solve(begin=begin, hold=hold, tolerance=TOLERANCE_TO_CHOOSE)
        loss, accuracy = _measured(problem.head, correction, job.train)
        val_loss, val_top1 = _measured(problem.head, correction, job.val)
        history.append(
            EpochFigures(
                epoch=float(step), hold=hold, loss=round(loss, 5), val_loss=round(val_loss, 5),
                val_top1=round(val_top1, 5), accuracy=round(accuracy, 5),
            )
        )  # fmt: skip
        progress.note(f"hold {hold:g}  val loss {val_loss:.3f}")
        if best is None or val_loss < best[0]:
            best, worse = (val_loss, correction, hold), 0
        else:
            worse += 1
        if worse == WORSE_MOST or time.monotonic() >= ends:
            break
    state = cpu_copy(job.network)
    if best is not None:
        correction = problem.solve(begin=best[1], hold=best[2], tolerance=TOLERANCE)
        state[f"{last_prefix(job.network)}weight"] = problem.head.weight.detach() + correction
    return Fitted(state=state, history=history)


@dataclass(frozen=True)
class _Correction:
    """The problem: cross-entropy of the corrected head on training features, plus the penalty."""

    head: nn.Linear
    train: FeatureSet
    learns: Tensor
    """(C, 1): 1 for classes with training photos, else 0."""
    scale: float
    """One for all features: one for each would magnify those that vary little in a few photos."""
    label_smoothing: float
    iterations: int

    @classmethod
    def of(cls, job: HeadJob) -> _Correction:
        head, train = _head(job.network), job.train
        return cls(
            head=head,
            train=train,
            learns=(torch.bincount(train.labels, minlength=head.out_features) > 0).float()[:, None],
            scale=float(train.features.square().mean().sqrt()) + 1e-6,
            label_smoothing=job.recipe.label_smoothing,
            iterations=job.epochs,
        )

    def solve(self, *, begin: Tensor, hold: float, tolerance: float) -> Tensor:
        """The correction (C, D) under the penalty `hold`. begin: where the search begins."""
        with torch.no_grad():
            before = self.head(self.train.features)
        inputs = self.train.features / self.scale
        moved = (begin * self.scale).detach().clone().requires_grad_()
        optimizer = torch.optim.LBFGS(
            [moved], max_iter=FIRST_STEPS, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = before + inputs @ (moved * self.learns).T
            loss: Tensor = nn.functional.cross_entropy(logits, self.train.labels, label_smoothing=self.label_smoothing)
            loss = loss + hold / 2 * moved.square().sum() / inputs.shape[1]
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        further: dict[str, Any] = {
            "max_iter": self.iterations, "max_eval": 2 * self.iterations, "tolerance_change": tolerance,
        }  # fmt: skip
        optimizer.param_groups[0] |= further
        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return (moved.detach() * self.learns) / self.scale


@torch.inference_mode()
def _measured(head: nn.Linear, correction: Tensor, photos: FeatureSet) -> tuple[float, float]:
    """Loss and share right; (0, 0) without photos."""
    if not len(photos.labels):
        return 0.0, 0.0
    logits = photos.features @ (head.weight + correction).T + head.bias
    loss = nn.functional.cross_entropy(logits, photos.labels)
    return float(loss), float((logits.argmax(1) == photos.labels).float().mean())


def _head(network: nn.Module) -> nn.Linear:
    head = network.get_submodule(last_prefix(network)[:-1])
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, not linear")
    return head
