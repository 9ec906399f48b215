"""Train the usable-photo judge: whole photo → exterior, interior or detail.

`python -m classifier.training.usable --photos $CAR_PHOTOS --out classifier/weights/usable`

The backbone stays as ImageNet taught it but for its last stages; exterior photos of every manifest are used, so that
photos already cut to the car (Stanford Cars) count as exteriors as well.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import Artefact, ArtefactSpec, Preprocessing, artefact_write
from classifier.training.calibrate import ece, temperature_fit
from classifier.training.crops import CropCache
from classifier.training.fit import fit, logits_of
from classifier.training.loss import LabelLoss
from classifier.training.manifest import ManifestRow, manifest_read, manifest_sha256
from classifier.training.model import backbone_create, preprocessing_for
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import Recipe
from classifier.training.split import side_of
from classifier.training.transforms import CropSet

LABELS = ("exterior", "interior", "detail")
SIDE = 192
"""Of the cached photos; the network sees RECIPE's size."""
RECIPE = Recipe(
    name="usable",
    backbone="tf_efficientnet_lite0",
    input_sizes=(160,),
    epochs=4,
    lr_backbone=3e-4,
    lr_head=2e-3,
    dropout=0.2,
    label_smoothing=0.05,
    randaugment_magnitude=5,
    erasing=0.0,
    freeze_stages=4,
)
EXTERIORS_PER_SOURCE = 900
"""Of each source's training photos: exteriors are easy and many, interiors and details few."""


@dataclass(frozen=True)
class UsableResult:
    """The artefact and what was measured on held-out cars."""

    artefact: Artefact
    metrics: dict[str, Any]


def usable_rows(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """Photos whose kind is one of LABELS; pictures of damage are neither whole cars nor details of a sound one."""
    return [row for row in rows if (row.kind or "exterior") in LABELS]


def usable_train(
    *,
    rows: Sequence[ManifestRow],
    out: Path,
    work_dir: Path,
    progress: Progress,
    recipe: Recipe = RECIPE,
    max_minutes: float | None = None,
    resume: bool = False,
) -> UsableResult:
    """Train, calibrate on one half of the held-out cars, measure on the other, write the artefact."""
    rows = usable_rows(rows)
    preprocessing = preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=0.0)
    cache = CropCache(work_dir, detector=None, rule=preprocessing.crop, side=SIDE)
    train_rows = _thinned([row for row in rows if side_of(row) == "train"])
    sets = {"train": _set(cache, train_rows, preprocessing, progress)}
    for side in ("val", "test"):
        sets[side] = _set(cache, [row for row in rows if side_of(row) == side], preprocessing, progress)
    network = backbone_create(recipe.backbone, outputs=len(LABELS), dropout=recipe.dropout)
    run_dir = work_dir / f"usable-{manifest_sha256(rows)[:8]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    fitted = fit(
        network=network,
        loss_of=LabelLoss(range(len(LABELS)), label_smoothing=recipe.label_smoothing, make_weight=0.0),
        train=sets["train"],
        val=sets["val"],
        recipe=recipe,
        epochs=recipe.epochs,
        max_minutes=max_minutes,
        run_dir=run_dir,
        fingerprint=f"{manifest_sha256(rows)} {recipe}",
        resume=resume,
        progress=progress,
    )
    network.load_state_dict(fitted.state)
    logits, labels = logits_of(network, sets["val"], batch=recipe.batch)
    temperature = temperature_fit(logits.numpy(), labels.numpy())
    logits, labels = logits_of(network, sets["test"], batch=recipe.batch)
    metrics = usable_metrics(logits.numpy() / temperature, labels.numpy())
    metrics |= {"train_photos": len(sets["train"]), "history": fitted.history}
    spec = ArtefactSpec(
        task="usable",
        backbone=recipe.backbone,
        preprocessing=preprocessing,
        labels=LABELS,
        temperature=temperature,
        metrics=metrics,
        manifest_sha256=manifest_sha256(rows),
        recipe=recipe.as_dict(),
    )
    artefact = artefact_write(parent=out, name="usable-lite0", spec=spec, state_dict=fitted.state)
    return UsableResult(artefact, metrics)


def usable_metrics(logits: NDArray[Any], labels: NDArray[Any]) -> dict[str, Any]:
    """logits (N, 3) calibrated; accuracy over all, over exterior and interior alone, confusion, calibration error."""
    exact = np.exp(logits - logits.max(1, keepdims=True))
    probs = exact / exact.sum(1, keepdims=True)
    said = probs.argmax(1)
    clear = labels != LABELS.index("detail")
    confusion = Counter(zip(labels.tolist(), said.tolist(), strict=True))
    return {
        "n": len(labels),
        "accuracy": round(float((said == labels).mean()), 4),
        "exterior_vs_interior": round(float((said[clear] == labels[clear]).mean()), 4),
        "n_exterior_vs_interior": int(clear.sum()),
        "ece": round(ece(probs.max(1), said == labels), 4),
        "confusion": {
            truth: {name: confusion[i, j] for j, name in enumerate(LABELS)} for i, truth in enumerate(LABELS)
        },
    }


def _thinned(rows: list[ManifestRow]) -> list[ManifestRow]:
    """At most EXTERIORS_PER_SOURCE exteriors of each source, evenly over its list."""
    kept = [row for row in rows if not row.exterior]
    for source in sorted({row.source for row in rows}):
        exteriors = [row for row in rows if row.exterior and row.source == source]
        step = max(1.0, len(exteriors) / EXTERIORS_PER_SOURCE)
        kept += [exteriors[int(i * step)] for i in range(int(len(exteriors) / step))]
    return kept


def _set(cache: CropCache, rows: list[ManifestRow], preprocessing: Preprocessing, progress: Progress) -> CropSet:
    crops = cache.crops(rows, progress)
    labels = np.asarray([LABELS.index(row.kind or "exterior") for row in rows], dtype=np.int64)
    read = crops.index >= 0
    return CropSet(crops.pixels, crops.index[read], labels[read], preprocessing)


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the usable-photo judge.")
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
    result = usable_train(
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
