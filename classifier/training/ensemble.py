"""Two classifiers that were trained apart, made one network: the mean of their answers (arXiv:1612.01474).

Networks that began differently err on different photos, so together they are right more often, and less sure where they
disagree. The result is a classifier like any other, of "one+another" (networks.SideBySide): engines, extensions and
comparisons need not know that it is two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from classifier.artefact import Artefact, Preprocessing, TrainedClass
from classifier.engines.networks import SHARED_HEAD, backbones_of, classification_network, head_prefix
from classifier.training.errors import TrainError
from classifier.training.labels import class_key

State = dict[str, Tensor]


def member_check(
    other: Artefact, *, hidden: Sequence[int], preprocessing: Preprocessing, classes: Sequence[TrainedClass]
) -> None:
    """Raise TrainError if a network of these classes cannot stand beside `other`: said before hours of training."""
    if hidden or other.spec.head_hidden:
        raise TrainError(f"ensemble_with: neither {other.version} nor the new network may have head_hidden")
    if other.spec.preprocessing != preprocessing:
        raise TrainError(
            f"ensemble_with: {other.version} is shown its cars as {_seen(other.spec.preprocessing)}, the new network "
            f"would be as {_seen(preprocessing)}: set serve_size, crop_margin or backbone so that they agree"
        )
    known = _numbers(other.spec.classes)
    strange = [one for one in classes if _key(one) not in known]
    if strange:
        one = strange[0]
        raise TrainError(
            f"ensemble_with: {other.version} does not know {len(strange)} of the {len(classes)} classes, such as "
            f"{' '.join(filter(None, (one.make, one.model, one.years)))}: only what both know can be asked of both"
        )


def ensembled(*, backbone: str, state: State, classes: Sequence[TrainedClass], other: Artefact) -> tuple[str, State]:
    """The backbone's name and the weights of a network whose logits are the mean of all members'.

    backbone, state: of the trained network, whose head has an output for each of `classes`. other: see member_check;
    classes that it alone knows are left behind. One that is an ensemble itself counts as often as it has members.
    """
    known = _numbers(other.spec.classes)
    rows = [known[_key(one)] for one in classes]
    every = [(backbone, state, slice(None)), *((name, theirs, rows) for name, theirs in members_of(other))]
    made: State = {}
    weights, biases = [], []
    for at, (name, tensors, wanted) in enumerate(every):
        head = head_prefix(classification_network(name, outputs=0))
        made |= {f"parts.{at}.{one}": value for one, value in tensors.items() if not one.startswith(head)}
        weights.append(tensors[f"{head}weight"][wanted])
        biases.append(tensors[f"{head}bias"][wanted])
    made[f"{SHARED_HEAD}weight"] = torch.cat(weights, dim=1) / len(every)
    made[f"{SHARED_HEAD}bias"] = torch.stack(biases).mean(0)
    return "+".join(name for name, _, _ in every), made


def members_of(artefact: Artefact) -> list[tuple[str, State]]:
    """Backbone and weights of each network of a classifier: of its only one, or of those that stand side by side.

    Members share one bias, so each gets the mean of what they had when they were put together.
    """
    names, state = backbones_of(artefact.spec.backbone), artefact.state_dict()
    if len(names) == 1:
        return [(names[0], state)]
    networks: list[Any] = [classification_network(name, outputs=0) for name in names]
    columns = state[f"{SHARED_HEAD}weight"].split([network.head_hidden_size for network in networks], dim=1)
    members = []
    for at, (name, network, weight) in enumerate(zip(names, networks, columns, strict=True)):
        prefix, head = f"parts.{at}.", head_prefix(network)
        own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        own[f"{head}weight"] = weight * len(names)
        own[f"{head}bias"] = state[f"{SHARED_HEAD}bias"]
        members.append((name, own))
    return members


def _key(one: TrainedClass) -> tuple[str, str, str]:
    return class_key(one.make, one.model, one.years)


def _numbers(classes: Sequence[TrainedClass]) -> dict[tuple[str, str, str], int]:
    return {_key(one): number for number, one in enumerate(classes)}


def _seen(preprocessing: Preprocessing) -> str:
    colours = " ".join(f"{value:g}" for value in (*preprocessing.mean, *preprocessing.std))
    return f"{preprocessing.input_size} px, margin {preprocessing.crop.margin:g}, colours {colours}"
