"""Extending a champion: its head learns new photos beside those that it remembers.

The backbone stays, so what it sees of a photo is the same before and after: each photo is looked at
once, as the site looks at it, and the champion's memory stands for all that taught it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from classifier.artefact import Artefact, ArtefactSpec, TrainedClass
from classifier.preprocess import FloatArray
from classifier.training.data.cleaning.seen_photos import seen_photos_read
from classifier.training.data.labels import UNKNOWN, classes_extended, label_numbers, of_makes
from classifier.training.data.manifest import SPLITS, ManifestRow, Split, manifest_sha256
from classifier.training.data.memory.meeting import Met, meet
from classifier.training.data.memory.remembered import Memory, memory_read
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.finish import Trained
from classifier.training.loop.head.incremental import (
    EXTENDS,
    ReplayJob,
    incremental_bodies,
    incremental_head_fit,
    incremental_network,
    incremental_temperatures,
)
from classifier.training.loop.processes.distributed import dismiss
from classifier.training.loop.state import History
from classifier.training.model.features import FeatureSet
from classifier.training.model.initial_weights import start_of
from classifier.training.recipe import Recipe
from classifier.training.request import TrainingContext, TrainingRequest


def extended(request: TrainingRequest, context: TrainingContext) -> tuple[Trained, History]:
    """The champion, or the starter if there is none, with what the request's photos teach it.

    Raises TrainError, ArtefactError, EngineError, OSError.
    """
    dismiss()
    base = start_of(request.recipe, weights=context.weights, champion=request.champion)
    if base is None:
        raise TypeError("only a recipe with start = 'champion' extends")
    recipe = _recipe_of(request.recipe, base)
    rows = [row for row in request.rows if row.exterior and row.make and (row.model or recipe.level == "make")]
    seen_before, remembers = seen_photos_read(base.folder), bool(base.spec.memory_sha256)
    recogniser = CachedRecogniser(base, memory=context.work_dir, weights=context.weights, cache_dir=context.converted)
    try:
        met = _met(base, recogniser, rows)
        if remembers:
            context.progress.say(met.words)
        shown, features = _look(recogniser, met.rows, context)
    finally:
        recogniser.close()
    splits = {split: [row for row in met.rows if split_of(row) == split] for split in SPLITS}
    classes = classes_extended(base.spec.classes, splits["train"], min_photos=recipe.min_photos_per_class)
    job = _job(request, recipe, base, classes, met, new={
        split: _photos(shown, features, split, classes) for split in ("train", "val")
    })  # fmt: skip
    context.progress.say(
        f"{len(classes)} classes, {len(job.train.labels)} new photos to train on, {len(job.val.labels)} val"
    )
    fitted = incremental_head_fit(job, progress=context.progress)
    metrics = {
        "train_photos": len(job.train.labels), "replayed": len(job.replayed.labels), "classes": len(classes),
        "history": fitted.history,
    }  # fmt: skip
    seen = request.seen_photos
    trained = Trained(
        name=recipe.name,
        spec=replace(
            _spec_of(base.spec, classes, splits["train"]),
            metrics=metrics, manifest_sha256=manifest_sha256(rows), recipe=_recipe_kept(request, recipe, base),
        ),
        state=fitted.state,
        splits=splits,
        seen_photos=seen + seen_before if seen is not None and seen_before is not None else None,
        memory=met.memory if remembers else None,
    )  # fmt: skip
    return trained, fitted.history


def _recipe_of(recipe: Recipe, base: Artefact) -> Recipe:
    """The recipe with the values that its base dictates."""
    return replace(
        recipe, backbone=base.spec.backbone, input_sizes=(base.spec.preprocessing.input_size,),
        crop_margin=base.spec.preprocessing.crop.margin,
        level="make" if of_makes(base.spec.classes) else "model",
    )  # fmt: skip


def _recipe_kept(request: TrainingRequest, recipe: Recipe, base: Artefact) -> dict[str, object]:
    limits = {"epochs": request.epochs_planned, "max_minutes": request.minutes_planned or 0.0}
    return {**recipe.as_dict(), **limits, EXTENDS: base.version}


def _spec_of(base: ArtefactSpec, classes: tuple[TrainedClass, ...], train: Sequence[ManifestRow]) -> ArtefactSpec:
    """The base's with more classes; its calibration stands until there are photos for another."""
    return replace(
        base, classes=classes, class_temperatures=incremental_temperatures(base, outputs=len(classes)),
        class_bodies=incremental_bodies(base, classes, train), code_version="", created="", memory_sha256="",
    )  # fmt: skip


def _met(base: Artefact, recogniser: CachedRecogniser, rows: Sequence[ManifestRow]) -> Met:
    """Of an artefact without a memory all rows are new."""
    memory = memory_read(base)
    if memory is not None and memory.extractor != recogniser.extractor:
        raise TrainError(f"{base.version} remembers what another network saw: give it a memory of its own")
    return meet(
        memory or Memory.nothing(extractor=recogniser.extractor, width=recogniser.width), rows,
        recogniser.digests([row.path for row in rows]),
    )  # fmt: skip


def _look(
    recogniser: CachedRecogniser, rows: Sequence[ManifestRow], context: TrainingContext
) -> tuple[list[ManifestRow], FloatArray]:
    """The rows on which a car is seen, and its features, (N, D)."""
    sights = recogniser.sights([row.path for row in rows])
    tracked = context.progress.track(sights, total=len(rows), what="looking at photos")
    seen = [(row, one.outputs.reshape(-1)) for row, one in zip(rows, tracked, strict=True) if one.outputs is not None]
    features = np.asarray([outputs for _, outputs in seen], dtype=np.float32)
    return [row for row, _ in seen], features.reshape(len(seen), recogniser.width)


def _photos(
    rows: Sequence[ManifestRow], features: FloatArray, split: Split, classes: Sequence[TrainedClass]
) -> FeatureSet:
    """Those of a split that have a class. features: of the rows."""
    labels = np.asarray(label_numbers(rows, classes, rest=True), dtype=np.int64)
    here = np.asarray([split_of(row) == split for row in rows], dtype=bool)
    kept = np.flatnonzero(here & (labels != UNKNOWN))
    return FeatureSet(torch.from_numpy(features[kept]), torch.from_numpy(labels[kept]))


def _job(
    request: TrainingRequest, recipe: Recipe, base: Artefact, classes: Sequence[TrainedClass], met: Met, *,
    new: dict[Split, FeatureSet],
) -> ReplayJob:  # fmt: skip
    """Raises TrainError if no photo teaches anything."""
    if not len(new["train"].labels) and not met.known:
        raise TrainError(
            f"none of the {len(met.rows)} new photos is on the train side and shows a car with enough photos"
        )
    remembered, features = met.memory.answered, met.memory.packed.unpacked()
    lost = label_numbers([one.row for one in met.relabelled], classes, rest=True)
    return ReplayJob(
        network=incremental_network(base, outputs=len(classes)),
        train=new["train"],
        val=new["val"],
        replayed=_photos(remembered, features, "train", classes),
        replayed_val=_photos(remembered, features, "val", classes),
        unlearned=[label for label in lost if label != UNKNOWN],
        recipe=recipe,
        epochs=request.epochs_planned,
        max_minutes=request.minutes_planned,
    )
