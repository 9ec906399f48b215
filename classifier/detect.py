"""Find vehicles on a photo. The only module that knows ultralytics; it is imported lazily and kept quiet and offline.

Decoding and suppression are in NumPy, so that both engines share them and serving needs neither torch nor ultralytics.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.preprocess import Box, FloatArray, Letterbox

if TYPE_CHECKING:
    import torch

VEHICLES = frozenset({"vehicle", "car", "bus", "truck"})  # our own label, and COCO's
SAME_VEHICLE_IOU = 0.6
MAX_BOXES = 300
COCO_CLASSES = 80


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
        """Per photo its vehicles, most confident first; full_sizes: (width, height) of the upright photos."""
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


def import_ultralytics() -> Any:
    """Import ultralytics without telemetry, downloads, installs or files in the home folder.

    Two things that its import does to the whole process are undone: it sets OMP_NUM_THREADS=1 where that is unset, and
    it replaces PIL.Image.open by one that tries to install a package when a file is no image.
    """
    import torch  # noqa: F401, PLC0415  first, and only here: serving with OpenVINO must stay free of torch

    had_threads = "OMP_NUM_THREADS" in os.environ
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="forecourt-ultralytics-")
        os.environ["YOLO_CONFIG_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pillow_open = Image.open
    import ultralytics  # noqa: PLC0415

    Image.open = pillow_open
    if not had_threads:
        os.environ.pop("OMP_NUM_THREADS", None)
    ultralytics.settings.update({"sync": False})
    return ultralytics


def detection_network(backbone: str, *, labels: int) -> torch.nn.Module:
    """A YOLO network by its yaml's name ("yolo11n.yaml"), untrained.

    The class branch keeps the width it has for COCO's 80 classes whatever the number of labels, so that COCO's weights
    fit everywhere but in the last layer.
    """
    import_ultralytics()
    import torch  # noqa: PLC0415  serving with OpenVINO must stay free of torch
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  see import_ultralytics

    network: Any = DetectionModel(backbone, nc=COCO_CLASSES, verbose=False)
    head = network.model[-1]
    for branch in head.cv3:
        branch[-1] = torch.nn.Conv2d(branch[-1].in_channels, labels, 1)
    head.nc, head.no = labels, labels + 4 * head.reg_max
    network.nc, network.names = labels, {i: str(i) for i in range(labels)}
    return network  # type: ignore[no-any-return]  # ultralytics is untyped


def detection_network_serving(network: torch.nn.Module) -> torch.nn.Module:
    """Make it answer with one tensor as engines.networks.build says, instead of a tuple with the raw maps."""
    head: Any = network.model[-1]  # type: ignore[index]
    head.export = True
    head.xyxy = True
    return network
