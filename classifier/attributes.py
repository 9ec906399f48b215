"""Photo attributes: kind (exterior, interior, detail, other), and of an exterior the view and the
body.

A detector alone cannot tell which photos are usable: YOLO11n finds a large car in 34 % of interiors
and in 60 % of detail shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.artefact import NEVER, ArtefactSpec, Head
from classifier.engines import Engine
from classifier.fuse import likeliest_first, log_softmax
from classifier.preprocess import FloatArray, to_input
from classifier.taxonomy import Guess

EXTERIOR, OTHER = "exterior", "other"
KINDS = (EXTERIOR, "interior", "detail", OTHER)
"""What a photo may show: a whole car from outside, a car's inside, a part of one, or no car at all.

An artefact carries the labels that it was trained with; older ones do not know OTHER.
"""
OTHER_FROM = 0.6
"""OTHER is said from this probability on, else the likeliest of the other kinds.

Whoever reads "There is no car on this photo" about a photo of the own car trusts nothing else here;
a motorcycle that passes for an exterior is still seen by a moderator.
"""
VIEWS = ("front", "front-left", "side-left", "rear-left", "rear", "rear-right", "side-right", "front-right")
"""Which side of the car a photo shows.

Left and right are the picture's: the named end points there, and a side view goes by where the
front points. So front-left, side-left and rear-right show the car's own left side (the driver's,
where people drive on the right); front-right, side-right and rear-left show its right side.
Mirroring a photo swaps left and right.
"""
BODIES = ("sedan", "hatchback", "wagon", "coupe", "convertible", "suv", "pickup", "minivan", "van")
"""minivan: also people carriers on a van's chassis; van: for goods, or for more than a family."""
VIEW_HEAD, BODY_HEAD = "view", "body"
"""The names of the heads."""


@dataclass(frozen=True)
class PhotoAttributes:
    """What one photo shows."""

    kind: str
    """One of the artefact's labels."""
    confidence: float
    """Of the kind; all are calibrated, 0…1."""
    view: Guess | None = None
    """The likeliest of VIEWS; for exteriors only. None if the artefact has no such head."""
    bodies: tuple[Guess, ...] = ()
    """All of BODIES, likeliest first; for exteriors only. () if the artefact has no such head."""


def kinds_said(probs: FloatArray, labels: Sequence[str]) -> NDArray[np.intp]:
    """Which of the labels is said of each photo, (N,): see OTHER_FROM. probs: (N, labels)."""
    if OTHER not in labels:
        likeliest: NDArray[np.intp] = probs.argmax(1)
        return likeliest
    other = list(labels).index(OTHER)
    of_cars = np.where(np.arange(len(labels)) == other, -1.0, probs).argmax(1)
    said: NDArray[np.intp] = np.where(probs[:, other] >= OTHER_FROM, other, of_cars)
    return said


def body_threshold_of(spec: ArtefactSpec) -> float:
    """Confidence from which a form may fill in the body; NEVER if the artefact has no such head."""
    return next((head.threshold for head in spec.heads if head.name == BODY_HEAD), NEVER)


class AttributeClassifier:
    """Kind, view and body of each photo of a batch, from one pass through the network."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self._spec = spec
        self._heads: dict[str, tuple[Head, slice]] = {}
        """By name, with the place among the outputs."""
        start = len(spec.labels)
        for head in spec.heads:
            self._heads[head.name] = (head, slice(start, start + len(head.labels)))
            start += len(head.labels)
        self.input_size = spec.preprocessing.input_size
        self.body_threshold: float = body_threshold_of(spec)
        """Confidence from which a form may fill in the body."""

    def prepare(self, image: Image.Image) -> FloatArray:
        """A whole upright photo as input."""
        return to_input(image, self._spec.preprocessing)

    def kinds(self, inputs: Sequence[FloatArray]) -> list[PhotoAttributes]:
        """What each prepared photo shows."""
        if not inputs:
            return []
        logits = self._engine.infer(np.stack(inputs))
        labels = self._spec.labels
        kinds = self._kind_probs(logits)
        said = {name: self._guesses(logits, name) for name in self._heads}
        return [
            PhotoAttributes(
                kind=labels[kind],
                confidence=float(row[kind]),
                view=said[VIEW_HEAD][at][0] if VIEW_HEAD in said else None,
                bodies=said[BODY_HEAD][at] if BODY_HEAD in said else (),
            )
            for at, (row, kind) in enumerate(zip(kinds, kinds_said(kinds, labels), strict=True))
        ]

    def exterior(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """How likely each prepared photo shows a car from outside, (N,), calibrated."""
        if not inputs:
            return np.zeros(0, dtype=np.float32)
        probs = self._kind_probs(self._engine.infer(np.stack(inputs)))
        column: FloatArray = probs[:, self._spec.labels.index(EXTERIOR)]
        return column

    def _kind_probs(self, logits: FloatArray) -> FloatArray:
        labels = self._spec.labels
        probs: FloatArray = np.exp(log_softmax(logits[:, : len(labels)] / self._spec.temperature))
        return probs

    def _guesses(self, logits: FloatArray, name: str) -> list[tuple[Guess, ...]]:
        head, place = self._heads[name]
        return [likeliest_first(head.labels, row) for row in log_softmax(logits[:, place] / head.temperature)]
