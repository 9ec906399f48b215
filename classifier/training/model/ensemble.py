"""Deep ensembles (arXiv:1612.01474): classifiers that were trained apart become one network.

Networks with different initial weights err on different photos. Their mean is right more often, and
less sure where they disagree. The result is a classifier like any other, with the backbone
"one+another" (networks.SideBySide).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from classifier.artefact import Artefact, Preprocessing, TrainedClass, backbones_of
from classifier.engines.networks import SHARED_HEAD, classification_network, head_prefix
from classifier.training.data.labels import class_key
from classifier.training.errors import TrainError
from classifier.training.model.backbones import State


def partner_check(
    partner: Artefact,
    *,
    backbone: str,
    hidden: Sequence[int],
    preprocessing: Preprocessing,
    classes: Sequence[TrainedClass],
) -> None:
    """Raise TrainError if a network cannot join an ensemble with `partner`.

    backbone, hidden, preprocessing, classes: of the network that is to be trained; see
    ArtefactSpec.
    """
    theirs = partner.spec
    if hidden or theirs.head_hidden:
        raise TrainError(f"ensemble_with: neither {partner.version} nor the new network may have head_hidden")
    for name in (backbone, *backbones_of(theirs.backbone)):
        if not _has_plain_head(name):
            raise TrainError(f"ensemble_with: the head of {name!r} is not one linear layer, so it cannot be shared")
    if theirs.preprocessing != preprocessing:
        raise TrainError(
            f"ensemble_with: {partner.version} is shown its cars as {_seen(theirs.preprocessing)}, the new network "
            f"would be as {_seen(preprocessing)}: set serve_size, crop_margin or backbone so that they agree"
        )
    known = _numbers(theirs.classes)
    strange = [one for one in classes if _key(one) not in known]
    if strange:
        one = strange[0]
        raise TrainError(
            f"ensemble_with: {partner.version} does not know {len(strange)} of the {len(classes)} classes, such as "
            f"{' '.join(filter(None, (one.make, one.model, one.years)))}: only what both know can be asked of both"
        )


@dataclass(frozen=True)
class Partner:
    """The artefact that a new network joins in an ensemble, read into memory."""

    version: str
    classes: tuple[TrainedClass, ...]
    members: list[tuple[str, State]]
    """See members_of."""


def partner_read(artefact: Artefact) -> Partner:
    """Read it before a long training, at whose end its file may be gone. Raises ArtefactError."""
    return Partner(artefact.version, artefact.spec.classes, members_of(artefact))


def ensembled(*, backbone: str, state: State, classes: Sequence[TrainedClass], partner: Partner) -> tuple[str, State]:
    """Backbone and weights of a network whose logits are the mean over all members.

    backbone, state: of the trained network, whose head has an output for each of `classes`.
    partner: see partner_check; classes that only it knows are dropped. A class that it does not
    know is told by the trained network alone. If the partner is an ensemble, each of its members
    counts as one.
    """
    known = _numbers(partner.classes)
    own = list(range(len(classes)))
    rows = [known.get(_key(one), 0) for one in classes]  # any row where it counts for nothing
    every = [(backbone, state, own), *((name, theirs, rows) for name, theirs in partner.members)]
    both = torch.tensor([_key(one) in known for one in classes])
    made: State = {}
    weights, biases = [], []
    for at, (name, tensors, wanted) in enumerate(every):
        head = head_prefix(classification_network(name, outputs=0))
        made |= {f"parts.{at}.{one}": value for one, value in tensors.items() if not one.startswith(head)}
        # A member's share of the mean: 1 / members where all answer, else all or nothing.
        share = torch.where(both, 1 / len(every), 1.0 if at == 0 else 0.0)
        weights.append(tensors[f"{head}weight"][wanted] * share[:, None])
        biases.append(tensors[f"{head}bias"][wanted] * share)
    made[f"{SHARED_HEAD}weight"] = torch.cat(weights, dim=1)
    made[f"{SHARED_HEAD}bias"] = torch.stack(biases).sum(0)
    return "+".join(name for name, _, _ in every), made


def members_of(artefact: Artefact) -> list[tuple[str, State]]:
    """Backbone and weights of each member of an ensemble, or of a classifier that is none.

    Members share one bias, the mean of their own; that is what each gets back.
    """
    names, state = backbones_of(artefact.spec.backbone), artefact.state_dict()
    if len(names) == 1:
        return [(names[0], state)]
    networks: list[Any] = [classification_network(name, outputs=0) for name in names]
    shared: Any = state[f"{SHARED_HEAD}weight"]  # torch's stubs do not know split
    columns = shared.split([network.head_hidden_size for network in networks], dim=1)
    members = []
    told_by = torch.stack([(weight != 0).any(dim=1) for weight in columns]).sum(dim=0)  # see ensembled
    for at, (name, network, weight) in enumerate(zip(names, networks, columns, strict=True)):
        prefix, head = f"parts.{at}.", head_prefix(network)
        own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        own[f"{head}weight"] = weight * told_by[:, None]
        own[f"{head}bias"] = state[f"{SHARED_HEAD}bias"]
        members.append((name, own))
    return members


def _has_plain_head(backbone: str) -> bool:
    """Whether a network's head is one linear layer with a bias, and nothing else."""
    network, bare = (classification_network(backbone, outputs=outputs) for outputs in (1, 0))
    head = head_prefix(network)
    beyond = network.state_dict().keys() - bare.state_dict().keys()
    return beyond == {f"{head}weight", f"{head}bias"} and isinstance(network.get_submodule(head[:-1]), nn.Linear)


def _key(one: TrainedClass) -> tuple[str, str, str]:
    return class_key(one.make, one.model, one.years)


def _numbers(classes: Sequence[TrainedClass]) -> dict[tuple[str, str, str], int]:
    return {_key(one): number for number, one in enumerate(classes)}


def _seen(preprocessing: Preprocessing) -> str:
    colours = " ".join(f"{value:g}" for value in (*preprocessing.mean, *preprocessing.std))
    return f"{preprocessing.input_size} px, margin {preprocessing.crop.margin:g}, colours {colours}"
