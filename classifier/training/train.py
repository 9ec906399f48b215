"""Train a make/model classifier from labelled photos: crops, loop or head, calibration, artefact, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from classifier.artefact import Artefact, ArtefactSpec
from classifier.training.between import best_between
from classifier.training.calibrate import source_weights
from classifier.training.ensemble import ensembled, partner_read
from classifier.training.extend import bodies_extended, head_extend, temperatures_extended
from classifier.training.features import FeatureCache, FeatureSet, head_fit
from classifier.training.finish import Rename, as_trained, finish
from classifier.training.fit import CHECKPOINT, fit
from classifier.training.lesson import Lesson, lesson_prepare, network_for
from classifier.training.manifest import ManifestRow
from classifier.training.model import backbone_create
from classifier.training.progress import Progress
from classifier.training.ranks import dismiss, leading
from classifier.training.recipe import Recipe
from classifier.training.report import report_write
from classifier.training.report_facts import trained_facts
from classifier.training.taught import ENSEMBLE_OF, STARTED_FROM, Taught, taught_read


@dataclass
class TrainResult:
    """What a training gave."""

    artefact: Artefact
    metrics: dict[str, Any]
    """As in model.json: classes, train_photos, history, and under "test" what evaluate says of the test side."""
    report: Path | None
    """One HTML file, if one was asked for."""
    checkpoint: Path
    """What a kill from here on would be gone on from, where the training writes one; whoever needs it no longer deletes
    it."""


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
    report: bool = True,
    taught: Taught | None = None,
) -> TrainResult:
    """Train on the rows' train side, calibrate on val, measure on test, write `<out>/<recipe name>-<sha8>/`.

    weights: the folder that holds detector/ and usable/ (and classifier/ for recipes that start from it). work_dir:
    caches of crops and features, checkpoints. resume: go on after the last whole epoch of the same training.
    champion: what a recipe with start = "champion" extends and one with ensemble_with = "champion" stands beside;
    without one, the starter in `weights`. rename: see finish.calibrate. report: also write one, which draws for some
    seconds.
    taught: the rows' pictures; the artefact keeps them together with those of what it goes on from or stands beside,
    if that says.
    Raises TrainError, ArtefactError, EngineError.
    """
    epochs = epochs or recipe.epochs
    max_minutes = max_minutes or recipe.max_minutes or None
    lesson = lesson_prepare(
        rows=rows, recipe=recipe, work_dir=work_dir, weights=weights, champion=champion, progress=progress
    )
    recipe, base, classes = lesson.recipe, lesson.base, lesson.classes
    fingerprint = lesson.fingerprint(epochs)
    run_dir = work_dir / f"{recipe.name}-{fingerprint[:12]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)  # a head begins with random weights: a run killed early begins with the same ones
    # Read now: at the end of a long training another starter may lie there.
    taught = _all_that_taught(taught, lesson.start, lesson.partner)
    partner = partner_read(lesson.partner) if lesson.partner is not None else None
    network = network_for(lesson, progress=progress)
    share_learned = 1.0
    if recipe.freeze_backbone:
        dismiss()
        sets = _features(network, lesson, work_dir, progress=progress)
        if base is not None:
            fitted = head_extend(
                network=network, train=sets["train"], val=sets["val"], recipe=replace(recipe, epochs=epochs),
                max_minutes=max_minutes, progress=progress,
            )  # fmt: skip
        else:
            fitted = head_fit(
                train=sets["train"], val=sets["val"], network=network, recipe=recipe, epochs=epochs,
                max_minutes=max_minutes, progress=progress,
            )  # fmt: skip
    else:
        start = {name: value.clone() for name, value in network.state_dict().items()}
        with leading() as ranks, SummaryWriter(str(run_dir / "tensorboard")) as board:
            fitted = fit(
                network=network,
                loss_of=lesson.loss,
                train=lesson.train.photos,
                val=lesson.val.photos,
                recipe=recipe,
                epochs=epochs,
                max_minutes=max_minutes,
                run_dir=run_dir,
                fingerprint=fingerprint,
                resume=resume,
                progress=progress,
                log=board.add_scalar,
                workers=lesson.loaders,
                ranks=ranks,
            )
        if recipe.average_with_start:
            fitted.state, share_learned = best_between(
                network, start=start, end=fitted.state, val=lesson.val.photos,
                weights=source_weights([row.source for row in lesson.val.rows]), batch=recipe.batch, progress=progress,
            )  # fmt: skip
    backbone = recipe.backbone
    if partner is not None:
        backbone, fitted.state = ensembled(backbone=backbone, state=fitted.state, classes=classes, partner=partner)
    spec = ArtefactSpec(
        task="classifier",
        backbone=backbone,
        preprocessing=lesson.preprocessing,
        head_hidden=base.spec.head_hidden if base is not None else recipe.head_hidden,
        classes=classes,
        mirrored=recipe.serve_mirrored,
        metrics={
            "train_photos": len(lesson.train.rows), "classes": len(classes), "history": fitted.history,
            **({"share_learned": share_learned} if recipe.average_with_start else {}),
        },
        manifest_sha256=lesson.digest,
        recipe={
            **recipe.as_dict(), "epochs": epochs, "max_minutes": max_minutes or 0.0,
            **({"extends": base.version} if base is not None else {}),
            **({STARTED_FROM: lesson.start.version} if lesson.start is not None and base is None else {}),
            **({ENSEMBLE_OF: partner.version} if partner is not None else {}),
        },
    )  # fmt: skip
    if base is not None:  # few corrections bring few held-out photos: until there are enough, the base's figures stand
        spec = replace(
            spec, temperature=base.spec.temperature, thresholds=base.spec.thresholds, mirrored=base.spec.mirrored,
            class_temperatures=temperatures_extended(base.spec, outputs=len(classes)),
            class_bodies=bodies_extended(base.spec, classes, lesson.sides["train"]),
            body_temperature=base.spec.body_temperature,
        )  # fmt: skip
    done = finish(
        spec=spec, state=fitted.state, name=recipe.name, out=out, work_dir=work_dir, weights=weights,
        train=lesson.sides["train"], val=lesson.sides["val"], test=lesson.sides["test"],
        progress=progress, rename=rename,
        taught=taught,
    )  # fmt: skip
    page: Path | None = None
    if report:
        page = report_write(
            path=run_dir / "report.html",
            title=done.artefact.version,
            metrics=done.metrics.get("test", {}),
            facts={
                "held-out photos to calibrate on": len(lesson.sides["val"]),
                "test photos": len(lesson.sides["test"]),
                "detector": lesson.detector,
                **trained_facts(done.artefact),
            },
            curve=fitted.history,
            findings=done.findings,
            temperature=done.artefact.spec.temperature,
        )
    return TrainResult(artefact=done.artefact, metrics=done.metrics, report=page, checkpoint=run_dir / CHECKPOINT)


def _all_that_taught(here: Taught | None, *others: Artefact | None) -> Taught | None:
    """None, so that no record claims to be whole, if any of them is not known."""
    for other in others:
        before = taught_read(other.folder) if other is not None else Taught()
        here = here + before if here is not None and before is not None else None
    return here


def _features(network: nn.Module, lesson: Lesson, work_dir: Path, *, progress: Progress) -> dict[str, FeatureSet]:
    hidden = lesson.base.spec.head_hidden if lesson.base is not None else ()
    headless = backbone_create(lesson.recipe.backbone, outputs=0, hidden=hidden, pretrained=False)
    headless.load_state_dict(network.state_dict(), strict=False)
    cache = FeatureCache(work_dir, backbone=headless, cut=f"{lesson.detector} {lesson.preprocessing}")
    sets = {"train": lesson.train, "val": lesson.val}
    return {name: cache.features(one.photos, one.digests, progress) for name, one in sets.items()}
