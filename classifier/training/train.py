"""Train a make/model classifier from labelled photos: prepare, fit, finish, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.tensorboard import SummaryWriter

from classifier.artefact import Artefact, ArtefactSpec, artefact_only
from classifier.training.calibration import source_weights
from classifier.training.data.cleaning.seen_photos import ENSEMBLE_OF, STARTED_FROM, SeenPhotos, seen_photos_read
from classifier.training.extend import extended
from classifier.training.finish import Finished, Trained, finish
from classifier.training.loop.fit import fit
from classifier.training.loop.head.linear_probe import HeadJob, head_fit
from classifier.training.loop.processes.distributed import dismiss, leading
from classifier.training.loop.setup import TrainingSetup, network_for, setup_prepare
from classifier.training.loop.state import CHECKPOINT, History, cpu_copy
from classifier.training.loop.weight_averaging import weights_averaged
from classifier.training.model.backbones import State, backbone_create
from classifier.training.model.ensemble import Partner, ensembled, partner_read
from classifier.training.model.features import FeatureCache
from classifier.training.report.facts import trained_facts
from classifier.training.report.run_report import ReportContents, report_write
from classifier.training.request import TrainingContext, TrainingRequest


@dataclass(frozen=True)
class TrainResult:
    """What a training leaves."""

    artefact: Artefact
    metrics: dict[str, Any]
    """As in model.json: classes, train_photos, history, and under "test" what evaluate measured."""
    report: Path | None
    """One HTML file, if one was asked for."""
    checkpoint: Path
    """The file from which a resumed run continues; there is none if only a head was trained. The
    caller deletes it when the result is safe."""


def train(*, request: TrainingRequest, context: TrainingContext, out: Path, report: bool = True) -> TrainResult:
    """Train on the train split, calibrate on val, measure on test; the artefact lies in `out`.

    It is the folder `<recipe name>-<sha8>`. report: write one, which takes some seconds. Raises
    TrainError, ArtefactError, EngineError, ReportError, OSError.
    """
    if request.recipe.start == "champion":
        trained, history = extended(request, context)
        run_dir = context.work_dir / f"{trained.name}-{trained.spec.manifest_sha256[:12]}"
        run_dir.mkdir(parents=True, exist_ok=True)
    else:
        trained, history, run_dir = _trained(request, context)
    done = finish(trained, context, out=out)
    page = _report(run_dir / "report.html", trained, done, history, context) if report else None
    return TrainResult(done.artefact, done.metrics, report=page, checkpoint=run_dir / CHECKPOINT)


def _trained(request: TrainingRequest, context: TrainingContext) -> tuple[Trained, History, Path]:
    """A network of its own, alone or with a partner, and the folder of its checkpoint."""
    setup = setup_prepare(request, context)
    run_dir = context.work_dir / f"{setup.recipe.name}-{setup.fingerprint[:12]}"
    run_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(setup.recipe.seed)  # a run that is killed in its first epoch draws the same new head again
    ancestry = _ancestry_read(setup)  # now: hours later another artefact may lie there
    learned = _head_learn(setup, context) if setup.recipe.freeze_backbone else _network_learn(setup, context, run_dir)
    if ancestry.partner is not None:
        learned = _with_partner(learned, setup, ancestry.partner)
    trained = Trained(
        name=setup.recipe.name, spec=_spec_of(setup, learned), state=learned.state, splits=setup.splits,
        seen_photos=ancestry.seen_photos,
    )  # fmt: skip
    return trained, learned.history, run_dir


@dataclass(frozen=True)
class _Ancestry:
    """What is read from the artefacts that this one starts from or serves beside."""

    partner: Partner | None
    seen_photos: SeenPhotos | None
    """Theirs and the request's. None unless all are known: a part would pass for the whole."""


def _ancestry_read(setup: TrainingSetup) -> _Ancestry:
    seen = setup.request.seen_photos
    for other in (setup.start, setup.partner):
        before = seen_photos_read(other.folder) if other is not None else SeenPhotos()
        seen = seen + before if seen is not None and before is not None else None
    return _Ancestry(partner_read(setup.partner) if setup.partner is not None else None, seen)


@dataclass(frozen=True)
class _Learned:
    """A network that has learned, alone or as a member of an ensemble."""

    backbone: str
    state: State
    history: History
    share_learned: float | None = None
    """Of weight averaging: how far the weights went from start to end."""
    ensemble_of: str = ""
    """The partner's version."""


def _head_learn(setup: TrainingSetup, context: TrainingContext) -> _Learned:
    """Only the head, in this process alone, on features that are computed once."""
    dismiss()
    network = network_for(setup, progress=context.progress)
    extractor = backbone_create(setup.recipe.backbone, outputs=0, pretrained=False)
    extractor.load_state_dict(network.state_dict(), strict=False)
    cache = FeatureCache(context.work_dir, backbone=extractor, cut=f"{setup.detector} {setup.preprocessing}")
    job = HeadJob(
        network=network,
        train=cache.features(setup.train.photos, setup.train.digests, context.progress),
        val=cache.features(setup.val.photos, setup.val.digests, context.progress),
        recipe=setup.recipe,
        epochs=setup.request.epochs_planned,
        max_minutes=setup.request.minutes_planned,
    )
    fitted = head_fit(job, progress=context.progress)
    return _Learned(setup.recipe.backbone, fitted.state, fitted.history)


def _network_learn(setup: TrainingSetup, context: TrainingContext, run_dir: Path) -> _Learned:
    """The whole network, together with the other processes of torchrun if there are any."""
    network = network_for(setup, progress=context.progress)
    start = cpu_copy(network)
    with leading() as ranks, SummaryWriter(str(run_dir / "tensorboard")) as board:
        fitted = fit(setup.job(network, run_dir=run_dir), progress=context.progress, log=board.add_scalar, ranks=ranks)
    learned = _Learned(setup.recipe.backbone, fitted.state, fitted.history)
    if not setup.recipe.average_with_start:
        return learned
    state, share = weights_averaged(
        network, start=start, end=fitted.state, val=setup.val.photos,
        weights=source_weights([row.source for row in setup.val.rows]), batch=setup.recipe.batch,
        progress=context.progress,
    )  # fmt: skip
    return replace(learned, state=state, share_learned=share)


def _with_partner(learned: _Learned, setup: TrainingSetup, partner: Partner) -> _Learned:
    backbone, state = ensembled(backbone=learned.backbone, state=learned.state, classes=setup.classes, partner=partner)
    return replace(learned, backbone=backbone, state=state, ensemble_of=partner.version)


def _spec_of(setup: TrainingSetup, learned: _Learned) -> ArtefactSpec:
    """The artefact's description before calibration."""
    recipe, start = setup.recipe, setup.start
    metrics: dict[str, Any] = {
        "train_photos": len(setup.train.rows), "classes": len(setup.classes), "history": learned.history,
    }  # fmt: skip
    if learned.share_learned is not None:
        metrics["share_learned"] = learned.share_learned
    origin = {
        **({STARTED_FROM: start.version} if start is not None else {}),
        **({ENSEMBLE_OF: learned.ensemble_of} if learned.ensemble_of else {}),
    }
    limits = {"epochs": setup.request.epochs_planned, "max_minutes": setup.request.minutes_planned or 0.0}
    return ArtefactSpec(
        task="classifier",
        backbone=learned.backbone,
        preprocessing=setup.preprocessing,
        head_hidden=recipe.head_hidden,
        classes=setup.classes,
        mirrored=recipe.serve_mirrored,
        metrics=metrics,
        manifest_sha256=setup.digest,
        recipe={**recipe.as_dict(), **limits, **origin},
    )


def _report(path: Path, trained: Trained, done: Finished, history: History, context: TrainingContext) -> Path:
    contents = ReportContents(
        metrics=done.metrics.get("test", {}),
        facts={
            "held-out photos to calibrate on": len(trained.splits["val"]),
            "test photos": len(trained.splits["test"]),
            "detector": artefact_only(context.weights / "detector").version,
            **trained_facts(done.artefact),
        },
        curve=cast("list[dict[str, float]]", history),  # all its values are floats
        findings=done.findings,
        temperature=done.artefact.spec.temperature,
    )
    return report_write(path=path, title=done.artefact.version, contents=contents)
