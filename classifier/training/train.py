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
from classifier.training.calibration import source_weights
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.seen_photos import ENSEMBLE_OF, STARTED_FROM, SeenPhotos, seen_photos_read
from classifier.training.finish import Rename, as_trained, finish
from classifier.training.loop.distributed import dismiss, leading
from classifier.training.loop.fit import CHECKPOINT, fit
from classifier.training.loop.incremental import bodies_extended, head_extend, temperatures_extended
from classifier.training.loop.linear_probe import head_fit
from classifier.training.loop.setup import TrainingSetup, network_for, setup_prepare
from classifier.training.loop.weight_averaging import weights_averaged
from classifier.training.model.backbones import backbone_create
from classifier.training.model.ensemble import ensembled, partner_read
from classifier.training.model.features import FeatureCache, FeatureSet
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from classifier.training.report.facts import trained_facts
from classifier.training.report.run_report import ReportContents, report_write


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
    seen_photos: SeenPhotos | None = None,
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
    setup = setup_prepare(
        rows=rows, recipe=recipe, work_dir=work_dir, weights=weights, champion=champion, progress=progress
    )
    recipe, base, classes = setup.recipe, setup.base, setup.classes
    fingerprint = setup.fingerprint(epochs)
    run_dir = work_dir / f"{recipe.name}-{fingerprint[:12]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)  # a head begins with random weights: a run killed early begins with the same ones
    # Read now: at the end of a long training another starter may lie there.
    seen_photos = _seen_with_ancestors(seen_photos, setup.start, setup.partner)
    partner = partner_read(setup.partner) if setup.partner is not None else None
    network = network_for(setup, progress=progress)
    share_learned = 1.0
    if recipe.freeze_backbone:
        dismiss()
        sets = _features(network, setup, work_dir, progress=progress)
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
                loss_of=setup.loss,
                train=setup.train.photos,
                val=setup.val.photos,
                recipe=recipe,
                epochs=epochs,
                max_minutes=max_minutes,
                run_dir=run_dir,
                fingerprint=fingerprint,
                resume=resume,
                progress=progress,
                log=board.add_scalar,
                workers=setup.loaders,
                ranks=ranks,
            )
        if recipe.average_with_start:
            fitted.state, share_learned = weights_averaged(
                network, start=start, end=fitted.state, val=setup.val.photos,
                weights=source_weights([row.source for row in setup.val.rows]), batch=recipe.batch, progress=progress,
            )  # fmt: skip
    backbone = recipe.backbone
    if partner is not None:
        backbone, fitted.state = ensembled(backbone=backbone, state=fitted.state, classes=classes, partner=partner)
    spec = ArtefactSpec(
        task="classifier",
        backbone=backbone,
        preprocessing=setup.preprocessing,
        head_hidden=base.spec.head_hidden if base is not None else recipe.head_hidden,
        classes=classes,
        mirrored=recipe.serve_mirrored,
        metrics={
            "train_photos": len(setup.train.rows), "classes": len(classes), "history": fitted.history,
            **({"share_learned": share_learned} if recipe.average_with_start else {}),
        },
        manifest_sha256=setup.digest,
        recipe={
            **recipe.as_dict(), "epochs": epochs, "max_minutes": max_minutes or 0.0,
            **({"extends": base.version} if base is not None else {}),
            **({STARTED_FROM: setup.start.version} if setup.start is not None and base is None else {}),
            **({ENSEMBLE_OF: partner.version} if partner is not None else {}),
        },
    )  # fmt: skip
    if base is not None:  # few corrections bring few held-out photos: until there are enough, the base's figures stand
        spec = replace(
            spec, temperature=base.spec.temperature, thresholds=base.spec.thresholds, mirrored=base.spec.mirrored,
            class_temperatures=temperatures_extended(base.spec, outputs=len(classes)),
            class_bodies=bodies_extended(base.spec, classes, setup.sides["train"]),
            body_temperature=base.spec.body_temperature,
        )  # fmt: skip
    done = finish(
        spec=spec, state=fitted.state, name=recipe.name, out=out, work_dir=work_dir, weights=weights,
        train=setup.sides["train"], val=setup.sides["val"], test=setup.sides["test"],
        progress=progress, rename=rename,
        seen_photos=seen_photos,
    )  # fmt: skip
    page: Path | None = None
    if report:
        page = report_write(
            path=run_dir / "report.html",
            title=done.artefact.version,
            contents=ReportContents(
                metrics=done.metrics.get("test", {}),
                facts={
                    "held-out photos to calibrate on": len(setup.sides["val"]),
                    "test photos": len(setup.sides["test"]),
                    "detector": setup.detector,
                    **trained_facts(done.artefact),
                },
                curve=fitted.history,
                findings=done.findings,
                temperature=done.artefact.spec.temperature,
            ),
        )
    return TrainResult(artefact=done.artefact, metrics=done.metrics, report=page, checkpoint=run_dir / CHECKPOINT)


def _seen_with_ancestors(here: SeenPhotos | None, *others: Artefact | None) -> SeenPhotos | None:
    """None, so that no record claims to be whole, if any of them is not known."""
    for other in others:
        before = seen_photos_read(other.folder) if other is not None else SeenPhotos()
        here = here + before if here is not None and before is not None else None
    return here


def _features(network: nn.Module, setup: TrainingSetup, work_dir: Path, *, progress: Progress) -> dict[str, FeatureSet]:
    hidden = setup.base.spec.head_hidden if setup.base is not None else ()
    headless = backbone_create(setup.recipe.backbone, outputs=0, hidden=hidden, pretrained=False)
    headless.load_state_dict(network.state_dict(), strict=False)
    cache = FeatureCache(work_dir, backbone=headless, cut=f"{setup.detector} {setup.preprocessing}")
    sets = {"train": setup.train, "val": setup.val}
    return {name: cache.features(one.photos, one.digests, progress) for name, one in sets.items()}
