"""Artefact → torch module ready to infer. Imports torch: only the torch engine and the export child come here."""

from __future__ import annotations

from typing import cast

import timm
import torch

from classifier.artefact import Artefact, ArtefactError
from classifier.detect import detection_network, detection_network_serving


def build(artefact: Artefact) -> torch.nn.Module:
    """The network with its weights, in eval mode, float32, on the CPU.

    Input (N, 3, S, S). Output: classifier and usable (N, C) logits; detector (N, 4 + labels, anchors), each column
    x1 y1 x2 y2 in input pixels and then a score 0…1 per label. Raises ArtefactError if weights and backbone disagree.
    """
    spec = artefact.spec
    try:
        if spec.task == "detector":
            network = detection_network_serving(detection_network(spec.backbone, labels=len(spec.labels)))
        else:
            network = cast(torch.nn.Module, timm.create_model(spec.backbone, num_classes=spec.outputs()))
        network.load_state_dict(artefact.state_dict())
    except (RuntimeError, ValueError, FileNotFoundError) as error:
        # load_state_dict lists every tensor that differs, one a line: the first two lines say enough.
        why = " ".join(" ".join(str(error).split("\n")[:2]).split())[:300]
        raise ArtefactError(f"{artefact.version}: weights do not fit backbone {spec.backbone!r}: {why}") from error
    return network.eval().requires_grad_(False)
