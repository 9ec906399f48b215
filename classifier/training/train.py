"""Train a make/model classifier from labelled photos: crops, loop or head, calibration, artefact, report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from classifier.artefact import (
    Artefact,
    ArtefactSpec,
    Preprocessing,
    TrainedClass,
    artefact_only,
)
from classifier.engines.networks import last_prefix
from classifier.training.crops import CropCache, Crops
from classifier.training.errors import TrainError
from classifier.training.extend import (
    bodies_extended,
    classes_extended,
    head_copy,
    head_extend,
    network_extended,
    temperatures_extended,
)
from classifier.training.features import FeatureCache, FeatureSet, head_fit
from classifier.training.finish import Rename, as_trained, finish
from classifier.training.fit import fit
from classifier.training.labels import classes_of, label_numbers, makes_of_rows, of_makes
from classifier.training.loss import class_weights, label_loss, labels_with_makes
from classifier.training.manifest import ManifestRow, manifest_sha256
from classifier.training.model import backbone_create, backbone_load, preprocessing_for
from classifier.training.progress import Progress
from classifier.training.ranks import dismiss, leading
from classifier.training.recipe import Recipe
from classifier.training.report import report_write
from classifier.training.split import side_of
from classifier.training.transforms import CropSet

SPARE = 1.3
"""Crops are kept this much larger than the largest input, for random cuts out of them."""


@dataclass
class TrainResult:
    """What a training gave."""

    artefact: Artefact
    metrics: dict[str, Any]
    """As in model.json: classes, train_photos, history, and under "test" what evaluate says of the test side."""
    report: Path
    """One HTML file."""


@dataclass(frozen=True)
class _Data:
    """Rows of one side with their crops."""

    rows: list[ManifestRow]
    photos: CropSet
    digests: list[str]


def train(
    *,
    rows: Sequence[ManifestRow],
    recipe: Recipe,
    out: Path,
    work_dir: Path,
    resume: bool = False,
    max_minutes: float | None = None,
    epochs: int | None = None,
    progress: Progress,
    weights: Path,
    champion: Artefact | None = None,
    rename: Rename = as_trained,
) -> TrainResult:
    """Train on the rows' train side, calibrate on val, measure on test, write `<out>/<recipe name>-<sha8>/`.

    weights: the folder that holds detector/ and usable/ (and classifier/ for recipes that start from it). work_dir:
    caches of crops and features, checkpoints. resume: go on after the last whole epoch of the same training.
    champion: what a recipe with start = "champion" extends; without one, the starter in `weights`. rename: see
    finish.calibrate.
    Raises TrainError, ArtefactError, EngineError.
    """
    rows = [row for row in rows if row.exterior and row.make and (row.model or recipe.level == "make")]
    sides = {side: [row for row in rows if side_of(row) == side] for side in ("train", "val", "test")}
    base = (champion or artefact_only(weights / "classifier")) if recipe.start == "champion" else None
    if base is not None:
        recipe = replace(
            recipe, backbone=base.spec.backbone, input_sizes=(base.spec.preprocessing.input_size,),
            crop_margin=base.spec.preprocessing.crop.margin,
            level="make" if of_makes(base.spec.classes) else "model",
        )  # fmt: skip
        classes = classes_extended(base.spec.classes, sides["train"], min_photos=recipe.min_photos_per_class)
    elif recipe.level == "make":
        classes = makes_of_rows(sides["train"], min_photos=recipe.min_photos_per_class)
    else:
        classes = classes_of(
            sides["train"], min_photos=recipe.min_photos_per_class, min_photos_of_rest=recipe.min_photos_of_rest
        )
    if len(classes) < 2:
        raise TrainError(
            f"{len(classes)} classes with {recipe.min_photos_per_class} photos or more to train on "
            f"({len(sides['train'])} photos from outside on the train side): at least 2 are needed"
        )
    epochs = epochs or recipe.epochs
    max_minutes = max_minutes or recipe.max_minutes or None
    digest = manifest_sha256(rows)
    detector = artefact_only(weights / "detector")
    preprocessing = (
        base.spec.preprocessing
        if base is not None
        else preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=recipe.crop_margin)
    )
    side = recipe.input_size if recipe.freeze_backbone else round(recipe.input_sizes[-1] * SPARE / 16) * 16
    cache = CropCache(work_dir, detector=detector, rule=preprocessing.crop, side=side)
    by_make = recipe.make_weight > 0 and not recipe.freeze_backbone
    data = {
        name: _data(sides[name], classes, cache, preprocessing, progress, by_make=by_make and name == "train")
        for name in ("train", "val")
    }
    if not data["train"].rows:
        raise TrainError(
            f"none of the {len(sides['train'])} photos on the train side can be read and shows a car with enough photos"
        )
    progress.say(f"{len(classes)} classes, {len(data['train'].rows)} photos to train on, {len(data['val'].rows)} val")
    fingerprint = hashlib.sha256(
        json.dumps([digest, recipe.as_dict(), epochs, detector.version], sort_keys=True).encode()
    ).hexdigest()
    run_dir = work_dir / f"{recipe.name}-{fingerprint[:12]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)  # a head begins with random weights: a run killed early begins with the same ones
    if base is not None:
        network = network_extended(base, outputs=len(classes))
    else:
        network = _network(recipe, classes=classes, weights=weights, progress=progress)
    if recipe.freeze_backbone:
        dismiss()
        sets = _features(
            network, data, recipe, work_dir, hidden=base.spec.head_hidden if base is not None else (),
            cut=f"{detector.version} {preprocessing}", progress=progress,
        )  # fmt: skip
        if base is not None:
            fitted = head_extend(
                network=network, train=sets["train"], val=sets["val"], recipe=replace(recipe, epochs=epochs),
                progress=progress,
            )  # fmt: skip
        else:
            fitted = head_fit(
                train=sets["train"], val=sets["val"], network=network, recipe=recipe, epochs=epochs,
                max_minutes=max_minutes, progress=progress,
            )  # fmt: skip
    else:
        with leading() as ranks, SummaryWriter(str(run_dir / "tensorboard")) as board:
            fitted = fit(
                network=network,
                loss_of=label_loss(
                    classes,
                    label_smoothing=recipe.label_smoothing,
                    make_weight=recipe.make_weight,
                    weights=class_weights(data["train"].photos.labels, classes=len(classes), balance=recipe.balance),
                ),
                train=data["train"].photos,
                val=data["val"].photos,
                recipe=recipe,
                epochs=epochs,
                max_minutes=max_minutes,
                run_dir=run_dir,
                fingerprint=fingerprint,
                resume=resume,
                progress=progress,
                log=board.add_scalar,
                workers=1 if len(data["train"].rows) >= 1000 else 0,
                ranks=ranks,
            )
    spec = ArtefactSpec(
        task="classifier",
        backbone=recipe.backbone,
        preprocessing=preprocessing,
        head_hidden=base.spec.head_hidden if base is not None else recipe.head_hidden,
        classes=classes,
        mirrored=recipe.serve_mirrored,
        metrics={"train_photos": len(data["train"].rows), "classes": len(classes), "history": fitted.history},
        manifest_sha256=digest,
        recipe={
            **recipe.as_dict(), "epochs": epochs, "max_minutes": max_minutes or 0.0,
            **({"extends": base.version} if base is not None else {}),
        },
    )  # fmt: skip
    if base is not None:  # few corrections bring few held-out photos: until there are enough, the base's figures stand
        spec = replace(
            spec, temperature=base.spec.temperature, thresholds=base.spec.thresholds, mirrored=base.spec.mirrored,
            class_temperatures=temperatures_extended(base.spec, outputs=len(classes)),
            class_bodies=bodies_extended(base.spec, classes, sides["train"]),
            body_temperature=base.spec.body_temperature,
        )  # fmt: skip
    done = finish(
        spec=spec, state=fitted.state, name=recipe.name, out=out, work_dir=work_dir, weights=weights,
        train=sides["train"], val=sides["val"], test=sides["test"], progress=progress, rename=rename,
    )  # fmt: skip
    written = done.artefact.spec
    report = report_write(
        path=run_dir / "report.html",
        title=done.artefact.version,
        metrics=done.metrics.get("test", {}),
        facts={
            "classes": len(classes),
            "photos to train on": len(data["train"].rows),
            "held-out photos to calibrate on": len(sides["val"]),
            "test photos": len(sides["test"]),
            "detector": detector.version,
            "manifest sha256": digest,
            "temperature": round(written.temperature, 3),
            "fills in the model from": written.thresholds.model,
            "fills in the make from": written.thresholds.make,
            **{f"recipe: {key}": value for key, value in written.recipe.items()},
        },
        curve=fitted.history,
        findings=done.findings,
        temperature=written.temperature,
    )
    return TrainResult(artefact=done.artefact, metrics=done.metrics, report=report)


def _network(recipe: Recipe, *, classes: Sequence[TrainedClass], weights: Path, progress: Progress) -> nn.Module:
    """The network to train; a starter of another backbone, or none, leaves ImageNet's weights."""
    wanted: dict[str, Any] = {
        "backbone": recipe.backbone, "outputs": len(classes), "hidden": recipe.head_hidden, "dropout": recipe.dropout,
    }  # fmt: skip
    starter = weights / "classifier"
    if recipe.start == "starter" and starter.is_dir() and any(starter.iterdir()):
        artefact = artefact_only(starter)
        if artefact.spec.backbone == recipe.backbone:
            network = backbone_create(**wanted, pretrained=False)
            same_head = artefact.spec.head_hidden == recipe.head_hidden
            backbone_load(
                network, artefact.state_dict(), what=f"the weights of {artefact.version}",
                but=last_prefix(network) if same_head else None,
            )  # fmt: skip
            if not same_head:
                progress.say(f"goes on from the backbone of {artefact.version}, whose head has other layers")
                return network
            known = head_copy(network, artefact, classes)
            progress.say(f"goes on from {artefact.version}, which knows {known} of the {len(classes)} classes")
            return network
    return backbone_create(**wanted, pretrained=recipe.start != "nothing")


def _data(
    rows: list[ManifestRow],
    classes: Sequence[TrainedClass],
    cache: CropCache,
    preprocessing: Preprocessing,
    progress: Progress,
    *,
    by_make: bool,
) -> _Data:
    """by_make: rows of which the classes know only the make stay in."""
    labels = labels_with_makes(rows, classes) if by_make else np.asarray(label_numbers(rows, classes, rest=True))
    crops: Crops = cache.crops(rows, progress)
    kept = np.flatnonzero((labels >= 0) & (crops.index >= 0))
    return _Data(
        rows=[rows[at] for at in kept],
        photos=CropSet(crops.pixels, crops.index[kept], labels[kept], preprocessing),
        digests=[crops.digests[at] for at in kept],
    )


def _features(
    network: nn.Module,
    data: dict[str, _Data],
    recipe: Recipe,
    work_dir: Path,
    *,
    hidden: Sequence[int],
    cut: str,
    progress: Progress,
) -> dict[str, FeatureSet]:
    headless = backbone_create(recipe.backbone, outputs=0, hidden=hidden, pretrained=False)
    headless.load_state_dict(network.state_dict(), strict=False)
    cache = FeatureCache(work_dir, backbone=headless, cut=cut)
    return {name: cache.features(one.photos, one.digests, progress) for name, one in data.items()}
