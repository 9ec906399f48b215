"""Teach a trained classifier more without forgetting: backbone and head stay, only what new photos ask for moves.

The new head is the old one plus a correction that is held near zero. Classes without new photos keep their weights to
the last digit, so a handful of a moderator's corrections cannot undo what a hundred thousand photos taught.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from classifier.artefact import Artefact, ArtefactSpec, TrainedClass
from classifier.engines.networks import last_prefix
from classifier.training.data.attribute_labels import class_bodies_of
from classifier.training.data.labels import UNKNOWN, class_key
from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.fit import Fitted
from classifier.training.model.backbones import backbone_create, backbone_load
from classifier.training.model.features import FeatureSet
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe

HOLDS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""How strongly the correction is held, strongest first; held-out photos choose."""
HOLD_UNASKED = 0.03
"""Where there are too few of them to choose."""
WORSE_MOST = 2
"""So many weaker holds in a row that held-out photos like less end the choice."""
FEWEST_TO_CHOOSE = 20
TOLERANCE = 2e-5
"""Steps that move the loss or every weight by less than this end the search: hardly a photo's answer hangs on it."""
TOLERANCE_TO_CHOOSE = 1e-4
"""While it is asked which hold is best; the answer for that one is then found to TOLERANCE."""
FIRST_STEPS = 2
"""Of the solver, which take it to where its steps have their size: the first one of a large problem is tiny."""


def network_extended(champion: Artefact, *, outputs: int) -> nn.Module:
    """The champion's network with room for ``outputs`` classes: the first ones its own, the new ones blank.

    Of a head with hidden layers only the last one grows; the others stay, as the backbone does.
    """
    state = champion.state_dict()
    hidden = champion.spec.head_hidden
    network = backbone_create(champion.spec.backbone, outputs=outputs, hidden=hidden, pretrained=False)
    head, prefix = _head(network), last_prefix(network)
    backbone_load(network, state, what=f"the weights of {champion.version}", but=prefix)
    known = len(champion.spec.classes)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[:known] = state[f"{prefix}weight"]
        # As likely as any other class before a photo is seen.
        head.bias.fill_(float(state[f"{prefix}bias"].mean()))
        head.bias[:known] = state[f"{prefix}bias"]
    return network


def temperatures_extended(champion: ArtefactSpec, *, outputs: int) -> tuple[float, ...]:
    """The champion's class temperatures for `outputs` classes: new ones, of which little is known, are its hottest."""
    own = champion.class_temperatures
    return (*own, *[max(own)] * (outputs - len(own))) if own else ()


def bodies_extended(
    champion: ArtefactSpec, classes: Sequence[TrainedClass], rows: Sequence[ManifestRow]
) -> tuple[str, ...]:
    """The champion's class bodies, and for the classes after its own what the training rows say."""
    own = champion.class_bodies
    if not own:
        return ()
    found = class_bodies_of(rows, classes) or ("",) * len(classes)
    return (*own, *found[len(own) :])


def head_copy(
    network: nn.Module, state: dict[str, Tensor], *, of: Sequence[TrainedClass], to: Sequence[TrainedClass]
) -> int:
    """Give the head what a trained one knows of the classes `to`, in their order; the others stay blank.

    state: the weights of the trained one, of the same backbone and hidden layers; of: its classes. Returns how many of
    `to` it knew.
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


def head_extend(
    *,
    network: nn.Module,
    train: FeatureSet,
    val: FeatureSet,
    recipe: Recipe,
    progress: Progress,
    max_minutes: float | None = None,
) -> Fitted:
    """Fit the correction of the head and return the whole network's weights. Deterministic: a convex problem.

    train, val: features (N, D) of the network's backbone and class numbers (N,). Only classes with training photos get
    a correction. max_minutes: when they are over no further hold is tried.
    """
    ends = time.monotonic() + (max_minutes * 60 if max_minutes else math.inf)
    head = _head(network)
    taught = (torch.bincount(train.labels, minlength=head.out_features) > 0).float()[:, None]
    # One scale for all features: a scale for each would blow up those that happen to be still in a few photos.
    scale = float(train.features.square().mean().sqrt()) + 1e-6
    best: tuple[float, Tensor, float] | None = None
    worse = 0
    history: list[dict[str, float]] = []
    holds = HOLDS if len(val.labels) >= FEWEST_TO_CHOOSE else (HOLD_UNASKED,)
    solved = partial(_correction, head, train, taught, scale=scale, recipe=recipe)
    correction = before = torch.zeros_like(head.weight)
    for step, hold in enumerate(progress.track(holds, total=len(holds), what="head"), start=1):
        # One step on along the line of the last two answers: the next one lies near, and wherever one begins, a convex
        # problem has but one.
        begin = 2 * correction - before
        before = correction
        correction = solved(begin=begin, hold=hold, tolerance=TOLERANCE_TO_CHOOSE)
        figures = {"epoch": float(step), "hold": hold, **_figures(head, correction, train, val)}
        history.append({key: round(value, 5) for key, value in figures.items()})
        progress.note(f"hold {hold:g}  val loss {figures['val_loss']:.3f}")
        if best is None or figures["val_loss"] < best[0]:
            best, worse = (figures["val_loss"], correction, hold), 0
        else:
            worse += 1
        if worse == WORSE_MOST or time.monotonic() >= ends:
            break
    state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    if best is not None:
        correction = solved(begin=best[1], hold=best[2], tolerance=TOLERANCE)
        state[f"{last_prefix(network)}weight"] = head.weight.detach() + correction
    return Fitted(state=state, history=history)


def _correction(
    head: nn.Linear,
    train: FeatureSet,
    taught: Tensor,
    *,
    begin: Tensor,
    scale: float,
    hold: float,
    tolerance: float,
    recipe: Recipe,
) -> Tensor:
    with torch.no_grad():
        before = head(train.features)
    inputs = train.features / scale
    moved = (begin * scale).detach().clone().requires_grad_()
    optimizer = torch.optim.LBFGS([moved], max_iter=FIRST_STEPS, tolerance_change=0.0, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = before + inputs @ (moved * taught).T
        loss: Tensor = nn.functional.cross_entropy(logits, train.labels, label_smoothing=recipe.label_smoothing)
        loss = loss + hold / 2 * moved.square().sum() / inputs.shape[1]
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    optimizer.param_groups[0] |= {
        "max_iter": recipe.epochs,
        "max_eval": 2 * recipe.epochs,
        "tolerance_change": tolerance,
    }
    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return (moved.detach() * taught) / scale


@torch.inference_mode()
def _figures(head: nn.Linear, correction: Tensor, train: FeatureSet, val: FeatureSet) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, one in (("", train), ("val_", val)):
        if not len(one.labels):
            figures |= {f"{name}loss": 0.0, f"{name}top1": 0.0}
            continue
        logits = one.features @ (head.weight + correction).T + head.bias
        figures[f"{name}loss"] = float(nn.functional.cross_entropy(logits, one.labels))
        figures[f"{name}top1"] = float((logits.argmax(1) == one.labels).float().mean())
    figures["accuracy"] = figures.pop("top1")
    return figures


def _head(network: nn.Module) -> nn.Linear:
    head = network.get_submodule(last_prefix(network)[:-1])
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, not linear")
    return head
