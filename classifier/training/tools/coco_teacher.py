"""A careful teacher for the detector: COCO's network at 640 pixels, on each photo and its mirror
image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from classifier.artefact import Artefact, ArtefactSpec, CropRule, Preprocessing, artefact_write
from classifier.detect import Detector
from classifier.engines import engine_open
from classifier.engines.yolo import COCO_CLASSES
from classifier.preprocess import FloatArray, decode, letterbox
from classifier.training.data.manifest import ManifestRow
from classifier.training.progress import Progress

COCO_VEHICLES = {2: "car", 5: "bus", 7: "truck"}
TEACHER_SIZE = 640
TEACHER_CONFIDENCE = 0.4
AGREE = 0.7
BATCH = 8
YOLO = "yolo11n.yaml"

Boxes = FloatArray
"""(N, 4): x1 y1 x2 y2 as shares of the photo's width and height, largest first."""


def coco_artefact(weights: Path, *, size: int, parent: Path, name: str = "coco") -> Artefact:
    """COCO's own network cut down to its three vehicle classes.

    Nothing is trained: rows of the last layer are left out.
    """
    state = {key: value.float() for key, value in load_file(weights).items()}
    rows = list(COCO_VEHICLES)
    for key, value in state.items():
        if ".cv3." in key and value.shape[:1] == (COCO_CLASSES,) and key.split(".cv3.")[1].split(".")[1] == "2":
            state[key] = value[rows].clone()
    spec = ArtefactSpec(
        task="detector",
        backbone=YOLO,
        preprocessing=Preprocessing(input_size=size, mean=(0, 0, 0), std=(1, 1, 1), crop=CropRule(1, 0.0)),
        labels=tuple(COCO_VEHICLES.values()),
        metrics={},
    )
    return artefact_write(parent=parent, name=name, spec=spec, state_dict=state)


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Overlap of boxes (N, 4) with boxes (M, 4): (N, M)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clip(0).prod(-1)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).clip(0).prod(-1) for x in (a, b))
    overlap: FloatArray = (shared / (area_a[:, None] + area_b[None] - shared + 1e-9)).astype(np.float32)
    return overlap


def detect_all(
    detector: Detector, rows: Sequence[ManifestRow], progress: Progress, *, mirrored: bool = False, what: str
) -> list[tuple[Boxes, FloatArray]]:
    """Boxes and confidences per photo, largest box first."""
    answers: list[tuple[Boxes, FloatArray]] = []
    starts = range(0, len(rows), BATCH)
    for start in progress.track(starts, total=len(starts), what=what):
        images = [decode(row.path).image for row in rows[start : start + BATCH]]
        inputs = [letterbox(image, detector.input_size) for image in images]
        if mirrored:
            inputs = [replace(one, pixels=np.ascontiguousarray(one.pixels[:, :, ::-1])) for one in inputs]
        for image, detections in zip(images, detector.detect(inputs, [image.size for image in images]), strict=True):
            found = sorted(detections, key=lambda d: -d.area)
            size = np.asarray([*image.size, *image.size], dtype=np.float32)
            boxes = np.asarray([d.box for d in found], dtype=np.float32).reshape(-1, 4) / size
            if mirrored:  # the letterbox may be one pixel off centre, which is far below what boxes agree to
                boxes = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], axis=1)
            answers.append((boxes, np.asarray([d.confidence for d in found], dtype=np.float32)))
    return answers


def teacher_boxes(rows: Sequence[ManifestRow], *, weights: Path, work_dir: Path, progress: Progress) -> list[Boxes]:
    """The teacher's boxes per photo, largest first: the mean of those found both ways.

    work_dir: keeps them.
    """
    artefact = coco_artefact(weights, size=TEACHER_SIZE, parent=work_dir)
    key = hashlib.sha256("\n".join([artefact.version, *(row.file for row in rows)]).encode()).hexdigest()[:16]
    cache = work_dir / f"teacher-{key}.json"
    if cache.exists():
        return [np.asarray(b, dtype=np.float32).reshape(-1, 4) for b in json.loads(cache.read_text())]
    detector = Detector(
        engine_open(artefact, engine="openvino", device="cpu", cache_dir=work_dir / "ir"),
        replace(artefact.spec, detect_confidence=TEACHER_CONFIDENCE),
    )
    plain = detect_all(detector, rows, progress, what="teacher")
    mirror = detect_all(detector, rows, progress, mirrored=True, what="teacher, mirrored")
    agreed = []
    for (a, _), (b, _) in zip(plain, mirror, strict=True):
        if not len(a) or not len(b):
            agreed.append(np.zeros((0, 4), dtype=np.float32))
            continue
        overlap = iou(a, b)
        agreed.append(
            np.stack([(a[i] + b[overlap[i].argmax()]) / 2 for i in range(len(a)) if overlap[i].max() >= AGREE])
            if (overlap.max(1) >= AGREE).any()
            else np.zeros((0, 4), dtype=np.float32)
        )
    cache.write_text(json.dumps([boxes.tolist() for boxes in agreed]))
    return agreed


def agreement(answers: Sequence[tuple[Boxes, FloatArray]], teacher: Sequence[Boxes]) -> dict[str, float]:
    """How often the largest box is the teacher's largest.

    Share with IoU ≥ 0.8, mean IoU, share without a box.
    """
    overlaps, missed, n = [], 0, 0
    for (boxes, _), wanted in zip(answers, teacher, strict=True):
        if not len(wanted):
            continue
        n += 1
        if not len(boxes):
            missed += 1
            overlaps.append(0.0)
            continue
        overlaps.append(float(iou(boxes[:1], wanted[:1])[0, 0]))
    values = np.asarray(overlaps or [0.0])
    return {
        "n": n,
        "iou_0.8": round(float((values >= 0.8).mean()), 4),
        "mean_iou": round(float(values.mean()), 4),
        "no_box": round(missed / max(n, 1), 4),
    }
