"""Train the project's own detector: one class, "vehicle"; the boxes are those of the COCO network.

    python -m classifier.training.tools.train_detector --photos $CAR_PHOTOS \\
        --out classifier/weights/detector --work /tmp/work

It prints how COCO's network, untrained, agrees with the careful teacher at each input size, trains
the head at the chosen size, and keeps the trained one only if it agrees no worse.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from classifier.artefact import Artefact, ArtefactSpec, Preprocessing, artefact_open, artefact_write
from classifier.detect import Detector
from classifier.engines import engine_open
from classifier.engines.yolo import detection_network, import_ultralytics
from classifier.preprocess import decode, letterbox
from classifier.training.data.manifest import ManifestRow, manifest_read, manifest_sha256
from classifier.training.data.split import split_of
from classifier.training.finish import code_version
from classifier.training.loop.optimizer import one_cycle
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.tools.coco_teacher import YOLO, Boxes, agreement, coco_artefact, detect_all, teacher_boxes

SIZES = (256, 320, 416)
SIZE = 320
"""Chosen by the table: 416 costs 1.7 times as much for 0.3 points, 256 loses 0.6."""
NAME = "vehicle-yolo11n"
LABELS = ("vehicle",)
BATCH = 16
LEARNING_RATE = 1e-3
CAR_ROW = 0
"""Of coco_artefact's labels: where the one class begins."""
GREY = (114, 114, 114)


@dataclass(frozen=True)
class Student:
    """A detector and how it agrees with the teacher on held-out photos."""

    artefact: Artefact
    agreement: dict[str, float]


def measure(
    artefact: Artefact, rows: Sequence[ManifestRow], teacher: Sequence[Boxes], *, work_dir: Path, progress: Progress
) -> dict[str, float]:
    """agreement() of an artefact as it serves, and its photos per second (decoding included)."""
    engine = engine_open(artefact, engine="openvino", device="cpu", cache_dir=work_dir / "ir")
    started = time.monotonic()
    answers = detect_all(Detector(engine, artefact.spec), rows, progress, what=artefact.version)
    return {**agreement(answers, teacher), "photos_per_s": round(len(rows) / (time.monotonic() - started), 1)}


def one_class_network(coco: Artefact) -> torch.nn.Module:
    """COCO's network with one class, which begins as its cars."""
    network = detection_network(coco.spec.backbone, labels=len(LABELS))
    wanted = network.state_dict()
    state = {
        key: value if value.shape == wanted[key].shape else value[CAR_ROW : CAR_ROW + 1]
        for key, value in coco.state_dict().items()
    }
    network.load_state_dict(state)
    return network


def head_train(
    network: torch.nn.Module,
    rows: Sequence[ManifestRow],
    teacher: Sequence[Boxes],
    *,
    size: int,
    epochs: int,
    seed: int,
    progress: Progress,
) -> list[float]:
    """Train the detection head with ultralytics' loss; the mean loss per epoch.

    All layers before it stay.
    """
    import_ultralytics()
    from ultralytics.cfg import get_cfg  # noqa: PLC0415  only after import_ultralytics made it quiet
    from ultralytics.utils.loss import v8DetectionLoss  # noqa: PLC0415

    module: Any = network
    module.args = get_cfg()
    network.train().requires_grad_(False)
    head = module.model[-1]
    head.requires_grad_(True)
    head.dfl.requires_grad_(False)
    for layer in module.modules():  # running statistics stay COCO's: batches of one kind of photo would spoil them
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()
    loss_of = v8DetectionLoss(network)
    optimizer = torch.optim.AdamW([p for p in head.parameters() if p.requires_grad], lr=0.0, weight_decay=1e-4)
    per_epoch = max(1, len(rows) // BATCH)
    losses = []
    for epoch in range(epochs):
        total = 0.0
        random = np.random.default_rng([seed, epoch])
        batches = _batches(rows, teacher, size=size, random=random)
        for step, batch in enumerate(progress.track(batches, total=per_epoch, what=f"epoch {epoch + 1}/{epochs}")):
            share = (epoch * per_epoch + step) / (epochs * per_epoch)
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * one_cycle(share, warmup=0.1)
            loss, _ = loss_of(network(batch["img"]), batch)
            optimizer.zero_grad(set_to_none=True)
            loss.sum().backward()
            optimizer.step()
            total += float(loss.detach().sum()) / BATCH
            progress.note(f"loss {total / (step + 1):.3f}")
        losses.append(round(total / per_epoch, 4))
        progress.say(f"epoch {epoch + 1}: loss {losses[-1]}")
    return losses


def _batches(
    rows: Sequence[ManifestRow], teacher: Sequence[Boxes], *, size: int, random: np.random.Generator
) -> Iterator[dict[str, Tensor]]:
    order = random.permutation(len(rows))
    for start in range(0, max(1, len(rows) // BATCH) * BATCH, BATCH):
        chosen = order[start : start + BATCH]
        pictures, boxes, numbers = [], [], []
        for place, at in enumerate(chosen):
            picture, moved = _placed(decode(rows[at].path).image, teacher[at], size=size, random=random)
            pictures.append(picture)
            boxes.append(moved)
            numbers += [place] * len(moved)
        corners = np.concatenate(boxes)
        middles = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)
        yield {
            "img": torch.from_numpy(np.stack(pictures)),
            "batch_idx": torch.tensor(numbers, dtype=torch.float32),
            "cls": torch.zeros(len(numbers), 1),
            "bboxes": torch.from_numpy(middles.astype(np.float32)),
        }


def _placed(
    image: Image.Image, boxes: Boxes, *, size: int, random: np.random.Generator
) -> tuple[np.ndarray[Any, Any], Boxes]:
    """The photo in a square as in serving; half are smaller and off centre, half are mirrored.

    boxes: shares of the photo; returned as shares of the square.
    """
    if random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        boxes = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], axis=1)
    if random.random() < 0.5:
        side = round(max(image.size) * random.uniform(1.0, 1.6))
        canvas = Image.new("RGB", (side, side), GREY)
        left, top = (int(random.integers(0, side - length + 1)) for length in image.size)
        canvas.paste(image, (left, top))
        shift = np.asarray([left, top, left, top], dtype=np.float32)
        boxes = ((boxes * np.asarray([*image.size, *image.size]) + shift) / side).astype(np.float32)
        image = canvas
    square = letterbox(image, size)
    scale = [*image.size, *image.size]
    moved = (boxes * scale * square.scale + [square.left, square.top, square.left, square.top]) / size
    return square.pixels, moved.astype(np.float32)


def detector_train(
    *, rows: Sequence[ManifestRow], coco: Path, out: Path, work_dir: Path, epochs: int, seed: int = 0,
    progress: Progress,
) -> Student:  # fmt: skip
    """Ask the teacher, train, compare, write the better one to `out`.

    Raises ArtefactError, EngineError.
    """
    boxes = teacher_boxes(rows, weights=coco, work_dir=work_dir, progress=progress)
    shown = [i for i, row in enumerate(rows) if row.kind in ("", "exterior", "damage") and len(boxes[i])]
    train = [i for i in shown if split_of(rows[i]) == "train"]
    held_out = [i for i in shown if split_of(rows[i]) != "train" and rows[i].exterior]
    val_rows, val_boxes = [rows[i] for i in held_out], [boxes[i] for i in held_out]
    table: dict[str, dict[str, float]] = {}
    plain = {size: coco_artefact(coco, size=size, parent=work_dir) for size in SIZES}
    for size, artefact in plain.items():
        table[f"coco_{size}"] = measure(artefact, val_rows, val_boxes, work_dir=work_dir, progress=progress)
        progress.say(f"COCO at {size}: {table[f'coco_{size}']}")
    network = one_class_network(artefact_open(plain[SIZE].folder))
    losses = head_train(
        network, [rows[i] for i in train], [boxes[i] for i in train], size=SIZE, epochs=epochs, seed=seed,
        progress=progress,
    )  # fmt: skip
    spec = ArtefactSpec(
        task="detector",
        backbone=YOLO,
        preprocessing=Preprocessing(input_size=SIZE, mean=(0, 0, 0), std=(1, 1, 1)),
        labels=LABELS,
        manifest_sha256=manifest_sha256(rows),
        recipe={"epochs": epochs, "batch": BATCH, "learning_rate": LEARNING_RATE, "seed": seed, "trained": "head"},
        code_version=code_version(),
    )
    draft = artefact_write(parent=work_dir, name=NAME, spec=spec, state_dict=network.state_dict())
    mine = measure(draft, val_rows, val_boxes, work_dir=work_dir, progress=progress)
    progress.say(f"trained at {SIZE}: {mine}")
    table[f"trained_{SIZE}"] = mine
    metrics = {"held_out": table, "loss": losses, "train_photos": len(train)}
    better = (mine["iou_0.8"], mine["mean_iou"]) >= (table[f"coco_{SIZE}"]["iou_0.8"], 0.0)
    if better:
        spec, state = replace(spec, metrics=metrics), network.state_dict()
    else:
        progress.say("The training made it no better: COCO's weights are kept, cut down to their vehicles.")
        spec, state = replace(plain[SIZE].spec, metrics=metrics), plain[SIZE].state_dict()
    artefact = artefact_write(parent=out, name=NAME, spec=spec, state_dict=state)
    return Student(artefact, mine if better else table[f"coco_{SIZE}"])


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the vehicle detector.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="caches")
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args(arguments)
    if given.photos is None:
        parser.error("--photos or CAR_PHOTOS is needed")
    photos = Path(given.photos)
    given.work.mkdir(parents=True, exist_ok=True)
    student = detector_train(
        rows=[row for name in ("advertisements", "large_photos") for row in manifest_read(photos / name)],
        coco=photos / "weights" / "yolo11n_coco_fp16.safetensors",
        out=given.out,
        work_dir=given.work,
        epochs=given.epochs,
        progress=progress_for_terminal(),
    )
    sys.stdout.write(f"{student.artefact.version} {student.agreement}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
