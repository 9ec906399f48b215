"""Train the attribute classifier: whole photo → kind; of an exterior also view and body.

`python -m classifier.training.tools.train_attributes --photos $CAR_PHOTOS --out
classifier/weights/usable`

The backbone keeps the weights of ImageNet but for its last stages. Exterior photos of every
manifest are used, so that photos already cut to the car (Stanford Cars) count as exteriors as well.
Every photo comes plain and mirrored, with left and right exchanged in the label of its view.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classifier.artefact import Artefact, ArtefactSpec, Head, Preprocessing, artefact_write
from classifier.attributes import BODIES, BODY_HEAD, EXTERIOR, KINDS, VIEW_HEAD, VIEWS
from classifier.fuse import log_softmax
from classifier.preprocess import FloatArray
from classifier.training.calibration import (
    FALLBACK_TEMPERATURE,
    MIN_HELD_OUT,
    source_weights,
    temperature_fit,
    threshold_fit,
)
from classifier.training.data.attribute_labels import BODY, HEADS, KIND, VIEW, epoch_labels, labels_of, mirrored
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import SPLITS, ManifestRow, Split, manifest_read, manifest_sha256
from classifier.training.data.pictures.crops import UNREADABLE, CropCache
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.data.split import split_of
from classifier.training.evaluation.attribute_metrics import body_metrics, head_metrics, kind_metrics
from classifier.training.finish import code_version
from classifier.training.loop.fit import fit
from classifier.training.loop.loss import HeadsLoss
from classifier.training.loop.processes.hardware import loaders_for
from classifier.training.loop.state import FitJob, Fitted
from classifier.training.loop.validation import logits_of
from classifier.training.model.backbones import backbone_create, preprocessing_for
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import Recipe

SIDE = 192
"""Of the cached photos; the network sees RECIPE's size."""
RECIPE = Recipe(
    name="usable",
    backbone="tf_efficientnet_lite0",
    input_sizes=(160,),
    epochs=5,
    lr_backbone=6e-4,
    lr_head=3e-3,
    dropout=0.2,
    label_smoothing=0.05,
    randaugment_magnitude=5,
    erasing=0.0,
    freeze_stages=3,
)
WEIGHTS = (1.0, 1.0, 0.5)
"""Of the labels of kind, view and body in the loss: most photos have a body, few the others."""
SHOWN = {"kinds_per_source": 900, "bodies_per_source": 3000, "view_repeats": 3}
"""Of the training photos in an epoch; see epoch_labels."""
SIZES = [len(names) for names in HEADS]


@dataclass(frozen=True)
class AttributesResult:
    """The artefact and what was measured on held-out cars."""

    artefact: Artefact
    metrics: dict[str, Any]


def attribute_rows(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """Photos whose kind is one of KINDS.

    Pictures of damage are neither whole cars nor details of a sound one.
    """
    return [row for row in rows if (row.kind or "exterior") in KINDS]


def attributes_train(
    *,
    rows: Sequence[ManifestRow],
    out: Path,
    work_dir: Path,
    progress: Progress,
    recipe: Recipe = RECIPE,
    max_minutes: float | None = None,
    resume: bool = False,
) -> AttributesResult:
    """Train, calibrate on half of the held-out cars, measure on the other, write the artefact."""
    rows = attribute_rows(rows)
    preprocessing = preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=0.0)
    splits = splits_read(rows, work_dir, preprocessing, progress)
    train, val = splits["train"], splits["val"]
    shown, labels = epoch_labels(train.rows, **SHOWN)
    network = backbone_create(recipe.backbone, outputs=sum(SIZES), dropout=recipe.dropout)
    run_dir = work_dir / f"usable-{manifest_sha256(rows)[:8]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    job = FitJob(
        network=network,
        loss_of=HeadsLoss(SIZES, weights=WEIGHTS, label_smoothing=recipe.label_smoothing),
        train=CropSet(train.photos.pixels, train.photos.index[shown], labels, preprocessing, mirrored=mirrored(labels)),
        val=val.photos,
        recipe=recipe,
        epochs=recipe.epochs,
        max_minutes=max_minutes,
        run_dir=run_dir,
        fingerprint=f"{manifest_sha256(rows)} {recipe} {WEIGHTS} {SHOWN}",
        resume=resume,
        workers=loaders_for(len(shown)),
        score_of=heads_right,
        val_loss_of=HeadsLoss(SIZES, weights=[1.0] * len(SIZES), label_smoothing=0.0),
    )
    fitted = fit(job, progress=progress)
    return attributes_finish(
        network=network, fitted=fitted, splits=splits, preprocessing=preprocessing, recipe=recipe, out=out
    )


def attributes_finish(
    *,
    network: nn.Module,
    fitted: Fitted,
    splits: Mapping[Split, Photos],
    preprocessing: Preprocessing,
    recipe: Recipe,
    out: Path,
) -> AttributesResult:
    """Calibrate what was trained, measure it, write the artefact. splits: see splits_read."""
    train, val, test = splits["train"], splits["val"], splits["test"]
    digest = manifest_sha256([row for photos in splits.values() for row in photos.rows])
    network.load_state_dict(fitted.state)
    temperatures, threshold = _calibrate(network, val, preprocessing, batch=recipe.batch)
    kinds, views, bodies = (
        log_softmax(logits / temperature)
        for logits, temperature in zip(_logits(network, test.photos, batch=recipe.batch), temperatures, strict=True)
    )
    truth = test.photos.labels
    metrics = {
        **kind_metrics(kinds, truth[:, KIND]),
        VIEW_HEAD: head_metrics(views, truth[:, VIEW], VIEWS),
        BODY_HEAD: body_metrics(
            bodies,
            truth[:, BODY],
            test.rows,
            threshold=threshold,
            trained=[row for row, said in zip(train.rows, train.photos.labels, strict=True) if said[BODY] != UNKNOWN],
        ),
        "train_photos": len(np.unique(epoch_labels(train.rows, **SHOWN)[0])),
        "history": fitted.history,
    }
    spec = ArtefactSpec(
        task="usable",
        backbone=recipe.backbone,
        preprocessing=preprocessing,
        labels=KINDS,
        temperature=temperatures[KIND],
        heads=(
            Head(VIEW_HEAD, VIEWS, temperatures[VIEW]),
            Head(BODY_HEAD, BODIES, temperatures[BODY], threshold),
        ),
        metrics=metrics,
        manifest_sha256=digest,
        recipe=recipe.as_dict(),
        code_version=code_version(),
    )
    artefact = artefact_write(parent=out, name="usable-lite0", spec=spec, state_dict=fitted.state)
    return AttributesResult(artefact, metrics)


def heads_right(logits: Tensor, labels: Tensor) -> tuple[int, int]:
    """fit.Score of all heads together: every label counts the same."""
    right, said = 0, 0
    for scores, truth in zip(torch.split(logits, SIZES, dim=1), labels.unbind(1), strict=True):
        right += int((scores.argmax(1) == truth).sum())
        said += int((truth != UNKNOWN).sum())
    return right, said


@dataclass(frozen=True)
class Photos:
    """The photos of one split, without those that cannot be read."""

    rows: list[ManifestRow]
    photos: CropSet
    """With the labels of the rows, (N, heads)."""


def splits_read(
    rows: Sequence[ManifestRow], work_dir: Path, preprocessing: Preprocessing, progress: Progress
) -> dict[Split, Photos]:
    """The photos of train, val and test."""
    cache = CropCache(work_dir, detector=None, rule=preprocessing.crop, side=SIDE)
    splits = {}
    for split in SPLITS:
        of_split = [row for row in rows if split_of(row) == split]
        crops = cache.crops(of_split, progress)
        read = np.flatnonzero(crops.index != UNREADABLE)
        kept = [of_split[at] for at in read]
        splits[split] = Photos(kept, CropSet(crops.pixels, crops.index[read], labels_of(kept), preprocessing))
    return splits


def _logits(network: nn.Module, photos: CropSet, *, batch: int) -> list[FloatArray]:
    """Per head (N, its outputs)."""
    if not len(photos):
        return [np.zeros((0, size), dtype=np.float32) for size in SIZES]
    logits, _ = logits_of(network, photos, batch=batch)
    return [scores.numpy() for scores in torch.split(logits, SIZES, dim=1)]


def _calibrate(
    network: nn.Module, val: Photos, preprocessing: Preprocessing, *, batch: int
) -> tuple[list[float], float]:
    """Each head's temperature, and the threshold of the bodies.

    Few photos have a label of their view, so views are fitted on the mirrored photos as well. A
    kind of n photos counts sqrt(n), and so does a source for bodies: exteriors and cars already cut
    out are easy and many, and must not speak for the rest.
    """
    photos, labels = val.photos, val.photos.labels
    turned = CropSet(photos.pixels[:, :, ::-1], photos.index, mirrored(labels), preprocessing)
    plain, other = _logits(network, photos, batch=batch), _logits(network, turned, batch=batch)
    labelled = labels[:, BODY] != UNKNOWN
    weights = source_weights([row.source for row, one in zip(val.rows, labelled, strict=True) if one])
    temperatures = [
        _temperature(plain[KIND], labels[:, KIND], source_weights([row.kind or EXTERIOR for row in val.rows])),
        _temperature(
            np.concatenate([plain[VIEW], other[VIEW]]), np.concatenate([labels[:, VIEW], turned.labels[:, VIEW]])
        ),
        _temperature(plain[BODY][labelled], labels[labelled, BODY], weights),
    ]
    probs = np.exp(log_softmax(plain[BODY][labelled] / temperatures[BODY]))
    right = probs.argmax(1) == labels[labelled, BODY]
    return temperatures, threshold_fit(probs.max(1), right, weights=weights)


def _temperature(logits: FloatArray, labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> float:
    labelled = labels != UNKNOWN
    if labelled.sum() < MIN_HELD_OUT:
        return FALLBACK_TEMPERATURE
    return temperature_fit(logits[labelled], labels[labelled], weights)


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the attribute classifier.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="cache and checkpoints")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    if given.photos is None:
        parser.error("--photos or CAR_PHOTOS is needed")
    rows = [
        row
        for name in ("advertisements", "large_photos", "stanford_cars")
        for row in manifest_read(Path(given.photos) / name)
    ]
    result = attributes_train(
        rows=rows,
        out=given.out,
        work_dir=given.work,
        progress=progress_for_terminal(),
        recipe=replace(RECIPE, epochs=given.epochs),
        max_minutes=given.max_minutes,
        resume=given.resume,
    )
    sys.stdout.write(f"{result.artefact.version} {result.metrics}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
