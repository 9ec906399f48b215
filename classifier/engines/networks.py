"""Artefact → torch module ready to infer; for the torch engine, the export child and training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import timm
import torch
from torch import Tensor, nn

from classifier.artefact import Artefact, ArtefactError, backbones_of
from classifier.engines.paint_network import PaintNetwork
from classifier.engines.yolo import detection_network, detection_network_serving
from classifier.paint import RULE


class HiddenHead(nn.Module):
    """A head with hidden layers, each linear, ReLU, dropout, and a last linear one."""

    def __init__(self, features: int, hidden: Sequence[int], *, outputs: int, dropout: float) -> None:
        """features: size of the input. outputs: 0 = no last layer, the last hidden one's output."""
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((features, *hidden)):
            layers += [nn.Linear(before, after), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        self.hidden = nn.Sequential(*layers)
        self.last = nn.Linear(hidden[-1], outputs) if outputs else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """(N, features) → (N, outputs)."""
        answer: Tensor = self.last(self.hidden(features))
        return answer


SHARED_HEAD = "classifier."
"""How the names of the tensors in SideBySide's head begin."""


class SideBySide(nn.Module):
    """Several backbones on the same input, their features concatenated under one linear head.

    Networks that were trained apart with the same outputs can be joined without loss: their heads'
    weights, concatenated and divided by the number of networks, give the mean of their logits.
    """

    default_cfg: ClassVar[dict[str, str]] = {"classifier": SHARED_HEAD[:-1]}
    """As in timm's networks: where the head is."""

    def __init__(self, backbones: Sequence[str], *, outputs: int, dropout: float) -> None:
        """backbones: timm names. outputs: 0 = no head, the output is the features."""
        super().__init__()
        parts = [timm.create_model(one, num_classes=0) for one in backbones]
        self.parts = nn.ModuleList(parts)
        self.dropout = nn.Dropout(dropout)
        features = sum(part.head_hidden_size for part in parts)
        self.classifier = nn.Linear(features, outputs) if outputs else nn.Identity()

    def forward(self, photos: Tensor) -> Tensor:
        """(N, 3, S, S) → (N, outputs)."""
        features = torch.cat([part(photos) for part in self.parts], dim=1)
        answer: Tensor = self.classifier(self.dropout(features))
        return answer


def classification_network(
    backbone: str, *, outputs: int, hidden: Sequence[int] = (), dropout: float = 0.0
) -> nn.Module:
    """A timm network with random weights and a head of `outputs` (0: none, the output is features).

    backbone: a timm name, or several joined by "+" (SideBySide). hidden: widths of the head's
    layers before its last one. Raises RuntimeError if timm knows no such backbone, or if hidden
    layers are asked for with several backbones.
    """
    names = backbones_of(backbone)
    if len(names) > 1:
        if hidden:
            raise RuntimeError(f"{backbone}: backbones side by side have a head without hidden layers")
        return SideBySide(names, outputs=outputs, dropout=dropout)
    network: nn.Module = timm.create_model(backbone, num_classes=1 if hidden else outputs, drop_rate=dropout)
    if hidden:
        name = head_prefix(network)[:-1]
        features: Any = network.get_submodule(name)
        network.set_submodule(name, HiddenHead(features.in_features, hidden, outputs=outputs, dropout=dropout))
    return network


def head_prefix(network: nn.Module) -> str:
    """How the names of the head's tensors begin, hidden layers included: "classifier." or so."""
    config: Any = network.default_cfg
    named: str | tuple[str, ...] = config["classifier"]
    return f"{named if isinstance(named, str) else named[0]}."


def last_prefix(network: nn.Module) -> str:
    """As head_prefix, for the last layer alone, which has an output for each class."""
    head = head_prefix(network)
    return f"{head}last." if isinstance(network.get_submodule(head[:-1]), HiddenHead) else head


def build(artefact: Artefact) -> torch.nn.Module:
    """The network with its weights, in eval mode, float32, on the CPU.

    Input (N, 3, S, S). Output of classifier and usable: (N, C) logits.
    Output of a detector: (N, 4 + labels, anchors), each column x1 y1 x2 y2 in input pixels and then
    a score 0…1 per label. Of a colour artefact: the features of PaintNetwork, for the rule beside
    it. Raises ArtefactError if the weights do not fit the backbone.
    """
    spec = artefact.spec
    try:
        weights = artefact.state_dict()
        if spec.task == "detector":
            network = detection_network_serving(detection_network(spec.backbone, labels=len(spec.labels)))
        elif spec.task == "colour":
            network = PaintNetwork(spec.backbone)
            weights = {name: tensor for name, tensor in weights.items() if not name.startswith(RULE)}
        else:
            network = classification_network(spec.backbone, outputs=spec.outputs(), hidden=spec.head_hidden)
        network.load_state_dict(weights)
    except (RuntimeError, ValueError, FileNotFoundError) as error:
        # load_state_dict lists every tensor that differs, one per line: two lines are enough.
        why = " ".join(" ".join(str(error).split("\n")[:2]).split())[:300]
        raise ArtefactError(f"{artefact.version}: weights do not fit backbone {spec.backbone!r}: {why}") from error
    return network.eval().requires_grad_(False)
