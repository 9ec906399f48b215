"""The attribute classifier's network before its first step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from classifier.artefact import Artefact
from classifier.attributes import BODIES, BODY_HEAD, KINDS, VIEW_HEAD, VIEWS
from classifier.engines.networks import last_prefix
from classifier.training.data.attribute_labels import HEADS
from classifier.training.model.backbones import backbone_create, backbone_load
from classifier.training.recipe import Recipe

SIZES = [len(names) for names in HEADS]
"""Outputs of kind, view and body."""


def network_begin(recipe: Recipe, start: Artefact | None) -> nn.Module:
    """The network with ImageNet's weights, or start's, and what start knows of the labels.

    Raises BackboneError.
    """
    network = backbone_create(
        recipe.backbone, outputs=sum(SIZES), dropout=recipe.dropout, pretrained=start is None
    )  # fmt: skip
    if start is None:
        return network
    state, last = start.state_dict(), last_prefix(network)
    backbone_load(network, state, what=f"the weights of {start.version}", but=last)
    theirs = _outputs([("", start.spec.labels), *((head.name, head.labels) for head in start.spec.heads)])
    ours = _outputs([("", KINDS), (VIEW_HEAD, VIEWS), (BODY_HEAD, BODIES)])
    known = [output for output in ours if output in theirs]
    to, of = [ours[output] for output in known], [theirs[output] for output in known]
    with torch.no_grad():
        for name in ("weight", "bias"):
            network.get_parameter(f"{last}{name}")[to] = state[f"{last}{name}"][of]
    return network


def _outputs(heads: Sequence[tuple[str, tuple[str, ...]]]) -> dict[tuple[str, str], int]:
    """Head and label → place among the network's outputs."""
    names = [(head, label) for head, labels in heads for label in labels]
    return {name: place for place, name in enumerate(names)}
