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
HOLDS = (5e-3, 1.5e-3, 5e-4, 1.5e-4, 5e-5, 1.5e-5, 5e-6, 1.5e-6, 5e-7, 1.5e-7, 5e-8, 1.5e-8, 5e-9)
"""Penalties that are tried, the strongest first; held-out photos choose. Each is for one photo of a
class that learns and for features of length 1, so that it means the same in every market."""
HOLD_UNASKED = 1.5e-3
"""The penalty where there are too few held-out photos to choose one."""
FEWEST_ASKED = 5
"""With fewer new held-out photos, the penalty would be chosen by chance."""
WORSE_MOST = 2
"""The choice ends after this many penalties in a row that are worse than the best one."""
BETTER = 0.005
"""By this share a loss must be lower to be better."""
MOST_TAKEN = 0.005
"""Share of the remembered held-out photos that may go to other cars."""
FEW_TAKEN = 2
"""So many of them may, however few there are."""
TOLERANCE = 2e-5
"""The solver ends when a step changes the loss, or every weight, by less. Hardly any photo's answer
depends on it."""
TOLERANCE_TO_CHOOSE = 1e-4
"""While the penalty is chosen; the chosen one is then solved to TOLERANCE."""
NOTHING_LEFT = -1e30
"""In place of the log-sum of no logits."""
FIRST_STEPS = 2
"""The solver's first step is tiny on a large problem. These bring its steps to their usual size."""


@dataclass(frozen=True, kw_only=True)
class ReplayJob(HeadJob):
    """What a champion's head learns, and what it is not to forget. Its epochs are solver steps."""

    replayed: FeatureSet
    """Remembered photos to learn from."""
    replayed_val: FeatureSet
    unlearned: Sequence[int] = ()
    """Classes that lost a photo to another one: they learn, too."""


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


def incremental_head_fit(job: ReplayJob, *, progress: Progress) -> Fitted:
    """Fit the correction of the head; returns the whole network's weights.

    Only classes of job.train get a correction, in which photos of job.replayed keep what they are.
    When job.max_minutes are over, no further penalty is tried. The problem is convex and the result
    deterministic.
    """
    ends = time.monotonic() + (job.max_minutes * 60 if job.max_minutes else math.inf)
    problem, choice = _Correction.of(job), _Choice.of(job)
    if not len(problem.learned):
        return Fitted(state=cpu_copy(job.network), history=[])
    history: History = []
    correction = before = problem.nothing
    for step, hold in enumerate(progress.track(choice.holds, total=len(choice.holds), what="head"), start=1):
        # Extrapolate the last two solutions: the next one lies near. A convex problem has one
        # solution wherever the search begins.
        begin = 2 * correction - before
        before = correction
        correction = problem.solve(begin=begin, hold=hold, tolerance=TOLERANCE_TO_CHOOSE)
        val_loss, val_top1, kept_top1 = choice.tried(problem.corrected(correction), correction, hold)
        loss, accuracy = _measured(problem.corrected(correction), problem.head.bias, job.train)
        history.append(
            EpochFigures(
                epoch=float(step), hold=hold, loss=round(loss, 5), accuracy=round(accuracy, 5),
                val_loss=round(val_loss, 5), val_top1=round(val_top1, 5), kept_top1=round(kept_top1, 5),
            )
        )  # fmt: skip
        progress.note(f"hold {hold:g}  val loss {val_loss:.3f}")
        if choice.ended or time.monotonic() >= ends:
            break
    correction = problem.solve(begin=choice.correction, hold=choice.hold, tolerance=TOLERANCE)
    state = cpu_copy(job.network)
    state[f"{last_prefix(job.network)}weight"] = problem.corrected(correction)
    return Fitted(state=state, history=history)


@dataclass
class _Choice:
    """Chooses the penalty by held-out photos.

    New and remembered ones count the same, however many there are of each. A penalty under which
    too many of the remembered ones go to other cars is taken only if every one is like that.
    """

    val: FeatureSet
    remembered: FeatureSet
    bias: Tensor
    holds: Sequence[float]
    top1_before: float
    """Share of the remembered photos that the champion's head gets right."""
    correction: Tensor
    """The best one so far."""
    hold: float
    best: tuple[bool, float] = (True, math.inf)
    """Whether it takes too many of the remembered photos, and its loss."""
    worse: int = 0

    @classmethod
    def of(cls, job: ReplayJob) -> _Choice:
        head = _head(job.network)
        enough = len(job.val.labels) >= FEWEST_ASKED
        holds = HOLDS if enough else HOLDS[HOLDS.index(HOLD_UNASKED) :]
        if not enough and not len(job.replayed_val.labels):
            holds = (HOLD_UNASKED,)
        _, top1_before = _measured(head.weight, head.bias, job.replayed_val)
        return cls(job.val, job.replayed_val, head.bias, holds, top1_before, torch.zeros(0), holds[0])

    @property
    def ended(self) -> bool:
        """Whether a weaker penalty would be worse, as far as can be told."""
        taken, _ = self.best
        unasked = len(self.val.labels) < FEWEST_ASKED and not taken
        return self.worse == WORSE_MOST or unasked

    def tried(self, weight: Tensor, correction: Tensor, hold: float) -> tuple[float, float, float]:
        """Keep a penalty's solution if it is the best.

        Returns loss and share right of the new held-out photos, and share right of the remembered.
        """
        loss, top1 = _measured(weight, self.bias, self.val)
        kept_loss, kept_top1 = _measured(weight, self.bias, self.remembered)
        photos = len(self.remembered.labels)
        taken = round((self.top1_before - kept_top1) * photos)
        judged = (taken > max(FEW_TAKEN, MOST_TAKEN * photos), loss + kept_loss)
        if judged < (self.best[0], self.best[1] * (1 - BETTER)):
            self.best, self.correction, self.hold, self.worse = judged, correction, hold, 0
        else:
            self.worse += 1
        return loss, top1, kept_top1


@dataclass(frozen=True)
class _Correction:
    """The problem: cross-entropy of the corrected head on training features, plus the penalty.

    Only K of the C classes are corrected. What the others say of the N photos never changes, so it
    is added up once: a step costs N × K × D however many cars are known.
    """

    head: nn.Linear
    inputs: Tensor
    """(N, D): features divided by `scale`."""
    labels: Tensor
    """(N,): the photo's column among those that learn, or K for any other class."""
    learned: Tensor
    """(K,): the classes that learn."""
    before: Tensor
    """(N, K): their logits under the uncorrected head."""
    others: Tensor
    """(N,): log-sum-exp of the logits of all other classes."""
    constant: Tensor
    """(N,): what the loss takes off for logits that never change."""
    share: float
    """Photos of a class that learns, of all photos."""
    smoothed: tuple[float, float]
    """What the label's logit counts, and what every logit does."""
    scale: float
    """Length of a photo's features. One scale for all of them: one for each would magnify those
    that vary little in a few photos."""
    iterations: int

    @classmethod
    def of(cls, job: ReplayJob) -> _Correction:
        head, train = _head(job.network), job.train
        photos = train.joined(job.replayed)
        learned = torch.unique(torch.cat([train.labels, torch.as_tensor(job.unlearned, dtype=train.labels.dtype)]))
        place = torch.full((head.out_features,), len(learned))
        place[learned] = torch.arange(len(learned))
        with torch.no_grad():
            logits = head(photos.features)
        labels, smoothing = place[photos.labels], job.recipe.label_smoothing
        every, own = smoothing / head.out_features, 1 - smoothing
        fixed = torch.ones(head.out_features, dtype=torch.bool)
        fixed[learned] = False
        others = logits[:, fixed]
        of_label = logits.gather(1, photos.labels[:, None])[:, 0]
        return cls(
            head=head,
            inputs=photos.features / (scale := float(train.features.square().sum(1).mean().sqrt()) + 1e-6),
            labels=labels,
            learned=learned,
            before=logits[:, learned],
            others=others.logsumexp(1) if fixed.any() else logits.new_full((len(logits),), NOTHING_LEFT),
            constant=every * others.sum(1) + torch.where(labels == len(learned), own * of_label, 0.0),
            share=len(train.labels) / max(1, len(learned)) / max(1, len(labels)),
            smoothed=(own, every),
            scale=scale,
            iterations=job.epochs,
        )

    @property
    def nothing(self) -> Tensor:
        """The correction that changes nothing, (K, D)."""
        return self.inputs.new_zeros(len(self.learned), self.inputs.shape[1])

    @torch.no_grad()
    def corrected(self, correction: Tensor) -> Tensor:
        """The head's weight, (C, D), with a correction (K, D)."""
        return self.head.weight.index_add(0, self.learned, correction)

    def solve(self, *, begin: Tensor, hold: float, tolerance: float) -> Tensor:
        """The correction (K, D) under the penalty `hold`. begin: where the search begins."""
        moved = (begin * self.scale).detach().clone().requires_grad_()
        optimizer = torch.optim.LBFGS(
            [moved], max_iter=FIRST_STEPS, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = self._loss(moved) + hold * self.share / 2 * moved.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        further: dict[str, Any] = {
            "max_iter": self.iterations, "max_eval": 2 * self.iterations, "tolerance_change": tolerance,
        }  # fmt: skip
        optimizer.param_groups[0] |= further
        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return moved.detach() / self.scale

    def _loss(self, moved: Tensor) -> Tensor:
        logits = self.before + self.inputs @ moved.T
        total = torch.cat([logits, self.others[:, None]], dim=1).logsumexp(1)
        own, every = self.smoothed
        of_label = nn.functional.pad(logits, (0, 1)).gather(1, self.labels[:, None])[:, 0]
        return (total - own * of_label - every * logits.sum(1) - self.constant).mean()


@torch.inference_mode()
def _measured(weight: Tensor, bias: Tensor, photos: FeatureSet) -> tuple[float, float]:
    """Loss and share right; (0, 0) without photos."""
    if not len(photos.labels):
        return 0.0, 0.0
    logits = photos.features @ weight.T + bias
    loss = nn.functional.cross_entropy(logits, photos.labels)
    return float(loss), float((logits.argmax(1) == photos.labels).float().mean())


def _head(network: nn.Module) -> nn.Linear:
    head = network.get_submodule(last_prefix(network)[:-1])
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, not linear")
    return head
