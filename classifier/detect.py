"""Find the vehicles on a photo.

Decoding and suppression are in NumPy, so that all engines share them and serving needs neither
torch nor ultralytics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.preprocess import Box, FloatArray, Letterbox

VEHICLES = frozenset({"vehicle", "car", "bus", "truck"})  # our own label, and COCO's
SAME_VEHICLE_IOU = 0.6
MAX_BOXES = 300
ANOTHER_CONFIDENCE, ANOTHER_SHARE = 0.6, 0.3
"""From which confidence, and from which share of the main car's area on, another vehicle counts:
one in the background does not. Chosen and measured by training.tools.count_cars."""


@dataclass(frozen=True)
class Detection:
    """One vehicle on a photo."""

    box: Box
    confidence: float

    @property
    def area(self) -> int:
        """In pixels of the full photo."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


class Detector:
    """Vehicle boxes of a batch of photos."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self.input_size = spec.preprocessing.input_size
        self._confidence = spec.detect_confidence
        self._columns = [4 + i for i, label in enumerate(spec.labels) if label in VEHICLES]

    def detect(self, inputs: Sequence[Letterbox], full_sizes: Sequence[tuple[int, int]]) -> list[list[Detection]]:
        """Each photo's vehicles, most confident first.

        full_sizes: (width, height) of the upright photos.
        """
        if not inputs:
            return []
        outputs = self._engine.infer(np.stack([one.pixels for one in inputs]))
        return [
            self._vehicles(output, one, size) for output, one, size in zip(outputs, inputs, full_sizes, strict=True)
        ]

    def _vehicles(self, output: FloatArray, one: Letterbox, full_size: tuple[int, int]) -> list[Detection]:
        scores: FloatArray = output[self._columns].max(axis=0)
        found = np.flatnonzero(scores >= self._confidence)
        boxes = one.to_photo(output[:4, found].T, full_size)
        kept = suppress(boxes, scores[found])
        detections = []
        for index in kept:
            x1, y1, x2, y2 = (round(float(value)) for value in boxes[index])
            if x2 > x1 and y2 > y1:
                detections.append(Detection((x1, y1, x2, y2), float(scores[found][index])))
        return detections


def suppress(boxes: FloatArray, scores: FloatArray) -> list[int]:
    """Non-maximum suppression: indices of the boxes (N, 4) that stay, most confident first."""
    order = np.argsort(-scores, kind="stable")[:MAX_BOXES]
    areas = (boxes[:, 2] - boxes[:, 0]).clip(0) * (boxes[:, 3] - boxes[:, 1]).clip(0)
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = (high - low).clip(0).prod(axis=1)
        order = rest[shared <= SAME_VEHICLE_IOU * (areas[best] + areas[rest] - shared)]
    return kept


def the_car(detections: Sequence[Detection]) -> Detection | None:
    """The car that a photo shows: the largest vehicle, of equally large ones the most confident."""
    return max(detections, key=lambda one: (one.area, one.confidence), default=None)


def cars_shown(
    detections: Sequence[Detection], *, confidence: float = ANOTHER_CONFIDENCE, share: float = ANOTHER_SHARE
) -> int:
    """How many cars the photo shows prominently: the main one, and others of about its size."""
    return len(prominent(detections, confidence=confidence, share=share))


def prominent(
    detections: Sequence[Detection], *, confidence: float = ANOTHER_CONFIDENCE, share: float = ANOTHER_SHARE
) -> list[Detection]:
    """The main car, and the others that the photo shows prominently, from left to right."""
    main = the_car(detections)
    if main is None:
        return []
    least = share * main.area
    others = [one for one in detections if one is not main and one.confidence >= confidence and one.area >= least]
    return [main, *sorted(others, key=lambda one: one.box)]
