"""Train the attribute classifier: whole photo → kind; of an exterior also view and body.

`python -m classifier.training.tools.train_attributes --photos $CAR_PHOTOS --work DIR --out
classifier/weights/usable`

Exterior photos of every manifest are used, so that photos already cut to the car (Stanford Cars)
count as exteriors as well. Every photo comes plain and mirrored, with left and right exchanged in
the label of its view. It learns on the GPU if there is one, and needs no OpenVINO.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classifier.artefact import (
    Artefact,
    ArtefactError,
    ArtefactSpec,
    Head,
    Preprocessing,
    artefact_open,
    artefact_write,
)
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
from classifier.training.data.attribute_labels import BODY, KIND, VIEW, mirrored
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import ManifestError, ManifestRow, Split, manifest_read, manifest_sha256
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.evaluation.attribute_metrics import body_metrics, head_metrics, kind_metrics, share
from classifier.training.finish import code_version
from classifier.training.loop.fit import fit
from classifier.training.loop.loss import HeadsLoss, TemperedHeadsLoss
from classifier.training.loop.processes.hardware import loaders_for
from classifier.training.loop.state import FitJob, Fitted, History
from classifier.training.loop.validation import logits_of
from classifier.training.model.backbones import preprocessing_for
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import Recipe, RecipeError, recipe_override
from classifier.training.tools.attribute_network import SIZES, network_begin
from classifier.training.tools.attribute_photos import (
    Photos,
    Shares,
    attribute_rows,
    epoch_labels,
    labels_taught,
    splits_read,
)

MANIFESTS = ("advertisements", "large_photos", "stanford_cars", "dealers", "negatives")
"""Folders of $CAR_PHOTOS."""


@dataclass(frozen=True)
class Plan:
    """How it is trained."""

    recipe: Recipe
    rounds: int = 1
    """In each but the first, photos without a view or body have what the round before is sure of
    (arXiv:1911.04252)."""
    weights: tuple[float, float, float] = (1.0, 1.0, 0.5)
    """Of the labels of kind, view and body in the loss: most photos have a body, few the others."""
    shares: Shares = field(default_factory=Shares)
    start: Artefact | None = None
    """An attribute classifier of the same backbone to go on from: what it knows of the labels stays
    in the head, too. None: ImageNet's weights."""


_BASE = Recipe(
    name="usable",
    backbone="tf_efficientnet_lite0",
    input_sizes=(160,),
    epochs=5,
    lr_backbone=6e-4,
    lr_head=3e-3,
    dropout=0.2,
    label_smoothing=0.05,
    crop_scale=0.65,  # less of a car looks like a detail
    randaugment_magnitude=5,
    erasing=0.0,
    freeze_stages=3,
)
PLANS = {
    "cpu": Plan(_BASE),
    "gpu": Plan(
        replace(
            _BASE,
            input_sizes=(160, 192, 224),
            epochs=10,
            repeats=2,
            batch=128,
            lr_backbone=1e-3,
            randaugment_magnitude=8,
            colour_jitter=0.2,
            erasing=0.1,
            degrade=0.3,
            ema_decay=0.998,
            freeze_stages=0,
        ),
        rounds=2,
    ),
}
"""Half an hour of two cores; some five minutes of a GPU."""


@dataclass(frozen=True)
class AttributesResult:
    """The artefact and what was measured on held-out cars."""

    artefact: Artefact
    metrics: dict[str, Any]


def attributes_train(
    *,
    rows: Sequence[ManifestRow],
    out: Path,
    work_dir: Path,
    progress: Progress,
    plan: Plan,
    max_minutes: float | None = None,
    resume: bool = False,
) -> AttributesResult:
    """Train, calibrate on half of the held-out cars, measure on the other, write the artefact."""
    rows = attribute_rows(rows)
    recipe = plan.recipe
    preprocessing = preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=0.0)
    splits = splits_read(rows, work_dir, preprocessing, progress)
    train, labels = splits["train"], splits["train"].photos.labels
    trained: _Trained | None = None
    for number in range(plan.rounds):
        if trained is not None:
            progress.say("Photos without a view or a body get those that the network is sure of")
            labels = _taught(trained.network, splits, labels=train.photos.labels, recipe=recipe)
        torch.manual_seed(recipe.seed)
        network = network_begin(recipe, plan.start)
        job = _job(
            network, splits, labels=labels, plan=plan,
            fingerprint=f"{manifest_sha256(rows)} {plan} round {number}",
            run_dir=work_dir / f"usable-{manifest_sha256(rows)[:8]}" / f"round-{number + 1}",
        )  # fmt: skip
        minutes = max_minutes / plan.rounds if max_minutes else None
        fitted = fit(replace(job, max_minutes=minutes, resume=resume), progress=progress)
        network.load_state_dict(fitted.state)
        history = [*(trained.history if trained else []), *fitted.history]
        trained = _Trained(network, fitted, history, len(np.unique(job.train.index)))
    if trained is None:
        raise ValueError("a plan has at least one round")
    return attributes_finish(trained, splits=splits, preprocessing=preprocessing, recipe=recipe, out=out)


@dataclass(frozen=True)
class _Trained:
    """A network after a round."""

    network: nn.Module
    fitted: Fitted
    history: History
    """Of all rounds."""
    photos: int
    """That it learned from."""


def _job(
    network: nn.Module,
    splits: Mapping[Split, Photos],
    *,
    labels: NDArray[np.int64],
    plan: Plan,
    fingerprint: str,
    run_dir: Path,
) -> FitJob:
    """labels: of the training photos, (N, heads)."""
    train, recipe = splits["train"], plan.recipe
    shown, said = epoch_labels(labels, train.sources, plan.shares)
    run_dir.mkdir(parents=True, exist_ok=True)
    photos = train.photos
    return FitJob(
        network=network,
        loss_of=HeadsLoss(SIZES, weights=plan.weights, label_smoothing=recipe.label_smoothing),
        train=photos.chosen(photos.index[shown], said, mirrored=mirrored(said)),
        val=splits["val"].photos,
        recipe=recipe,
        epochs=recipe.epochs,
        run_dir=run_dir,
        fingerprint=fingerprint,
        workers=loaders_for(len(shown)),
        score_of=heads_right,
        val_loss_of=TemperedHeadsLoss(SIZES),
    )


def _taught(
    network: nn.Module, splits: Mapping[Split, Photos], *, labels: NDArray[np.int64], recipe: Recipe
) -> NDArray[np.int64]:
    """labels of the training photos, and what the network is sure of; see labels_taught."""
    train = splits["train"]
    temperatures, _ = _calibrate(network, splits["val"], batch=recipe.batch)
    probs = [
        np.exp(log_softmax(logits / temperature)).astype(np.float64)
        for logits, temperature in zip(_logits(network, train.photos, batch=recipe.batch), temperatures, strict=True)
    ]
    exterior = np.asarray([row.exterior for row in train.rows], dtype=np.bool_)
    return labels_taught(labels, probs, exterior, seed=recipe.seed)


def attributes_finish(
    trained: _Trained,
    *,
    splits: Mapping[Split, Photos],
    preprocessing: Preprocessing,
    recipe: Recipe,
    out: Path,
) -> AttributesResult:
    """Calibrate what was trained, measure it, write the artefact. splits: see splits_read."""
    train, val, test = splits["train"], splits["val"], splits["test"]
    digest = manifest_sha256([row for photos in splits.values() for row in photos.rows])
    temperatures, threshold = _calibrate(trained.network, val, batch=recipe.batch)
    kinds, views, bodies = (
        log_softmax(logits / temperature)
        for logits, temperature in zip(
            _logits(trained.network, test.photos, batch=recipe.batch), temperatures, strict=True
        )
    )
    truth = test.photos.labels
    metrics = {
        **kind_metrics(kinds, truth[:, KIND]),
        "kind_by_source": {
            source: kind_metrics(kinds[places], truth[places, KIND])
            for source in sorted({row.source for row in test.rows})
            if (places := np.asarray([row.source == source for row in test.rows])).any()
        },
        VIEW_HEAD: head_metrics(views, truth[:, VIEW], VIEWS),
        BODY_HEAD: body_metrics(
            bodies,
            truth[:, BODY],
            test.rows,
            threshold=threshold,
            trained=[row for row, said in zip(train.rows, train.photos.labels, strict=True) if said[BODY] != UNKNOWN],
        ),
        "val": _right_on(trained.network, val, batch=recipe.batch),
        "train_photos": trained.photos,
        "history": trained.history,
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
    artefact = artefact_write(parent=out, name=_name(recipe), spec=spec, state_dict=trained.fitted.state)
    return AttributesResult(artefact, metrics)


def heads_right(logits: Tensor, labels: Tensor) -> tuple[int, int]:
    """fit.Score of all heads together: every label counts the same."""
    right, said = 0, 0
    for scores, truth in zip(torch.split(logits, SIZES, dim=1), labels.unbind(1), strict=True):
        right += int((scores.argmax(1) == truth).sum())
        said += int((truth != UNKNOWN).sum())
    return right, said


def _right_on(network: nn.Module, photos: Photos, *, batch: int) -> dict[str, dict[str, Any]]:
    """Per head the share of right answers on each source's photos: plans are compared by val's."""
    names, labels = ("kind", VIEW_HEAD, BODY_HEAD), photos.photos.labels
    sources = np.asarray([row.source for row in photos.rows])
    figures: dict[str, dict[str, Any]] = {name: {} for name in names}
    for head, (name, logits) in enumerate(zip(names, _logits(network, photos.photos, batch=batch), strict=True)):
        said = labels[:, head] != UNKNOWN
        for source in np.unique(sources[said]):
            places = said & (sources == source)
            figures[name][str(source)] = share(logits[places].argmax(1) == labels[places, head])
    return figures


def _name(recipe: Recipe) -> str:
    """ "usable-lite0" of tf_efficientnet_lite0."""
    return f"usable-{recipe.backbone.rpartition('_')[2]}"


def _logits(network: nn.Module, photos: CropSet, *, batch: int) -> list[FloatArray]:
    """Per head (N, its outputs)."""
    if not len(photos):
        return [np.zeros((0, size), dtype=np.float32) for size in SIZES]
    logits, _ = logits_of(network, photos, batch=batch)
    return [scores.numpy() for scores in torch.split(logits, SIZES, dim=1)]


def _calibrate(network: nn.Module, val: Photos, *, batch: int) -> tuple[list[float], float]:
    """Each head's temperature, and the threshold of the bodies.

    Few photos have a label of their view, so views are fitted on the mirrored photos as well. A
    kind of n photos counts sqrt(n), and so does a source for bodies: exteriors and cars already cut
    out are easy and many, and must not speak for the rest.
    """
    photos, labels = val.photos, val.photos.labels
    turned = photos.turned(mirrored(labels))
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


def _plan(given: argparse.Namespace) -> Plan:
    plan = PLANS[given.plan or ("gpu" if torch.cuda.is_available() else "cpu")]
    settings = [*given.set, *([f"epochs={given.epochs}"] if given.epochs is not None else [])]
    rounds = plan.rounds if given.rounds is None else given.rounds
    if rounds < 1:
        raise RecipeError(f"rounds must be at least 1, not {rounds}")
    start = artefact_open(given.start) if given.start else None
    return replace(plan, recipe=recipe_override(plan.recipe, settings), rounds=rounds, start=start)


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the attribute classifier.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="cache and checkpoints")
    parser.add_argument("--plan", choices=PLANS, help="default: gpu if there is one")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a value of the recipe")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="an attribute classifier to go on from")
    parser.add_argument("--manifest", action="append", type=Path, help="in place of those in --photos")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    if given.photos is None and not given.manifest:
        parser.error("--photos, CAR_PHOTOS or --manifest is needed")
    try:
        plan = _plan(given)
        rows = [row for path in given.manifest or [Path(given.photos) / one for one in MANIFESTS]
                for row in manifest_read(path)]  # fmt: skip
    except (ManifestError, RecipeError, ArtefactError) as error:
        parser.error(str(error))
    result = attributes_train(
        rows=rows,
        out=given.out,
        work_dir=given.work,
        progress=progress_for_terminal(),
        plan=plan,
        max_minutes=given.max_minutes,
        resume=given.resume,
    )
    sys.stdout.write(f"{result.artefact.version} {result.metrics}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
