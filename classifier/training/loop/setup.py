"""What comes before the first step: classes, cut photos, and the network with its initial weights.

A training and each trial of a search begin with the same set-up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from classifier.artefact import Artefact, Preprocessing, TrainedClass, artefact_only
from classifier.engines.networks import last_prefix
from classifier.training.data.labels import classes_of, label_numbers, makes_of_rows
from classifier.training.data.manifest import SPLITS, ManifestRow, Split, manifest_sha256
from classifier.training.data.pictures.crops import CropCache, Crops
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.data.pictures.views import draw_shares, views_of
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.loop.head.incremental import head_copy
from classifier.training.loop.loss import class_weights, label_loss, labels_with_makes
from classifier.training.loop.processes.hardware import loaders_for
from classifier.training.loop.state import FitJob
from classifier.training.model.backbones import backbone_create, backbone_load, imagenet_state, preprocessing_for
from classifier.training.model.ensemble import members_of, partner_check
from classifier.training.model.initial_weights import partner_of, start_of, starter_of
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from classifier.training.request import TrainingContext, TrainingRequest

SPARE = 1.3
"""Crops are stored this much larger than the largest input, which leaves room for random crops."""


@dataclass(frozen=True)
class Cut:
    """The rows of one split that have a class, with their crops."""

    rows: list[ManifestRow]
    photos: CropSet
    digests: list[str]
    """sha256 of each photo."""


@dataclass(frozen=True)
class TrainingSetup:
    """Everything that is fixed before the first step."""

    request: TrainingRequest
    recipe: Recipe
    start: Artefact | None
    """Whose weights the network begins with; None for ImageNet's or random ones."""
    partner: Artefact | None
    """The other member of the ensemble that will serve; None = the network serves alone."""
    classes: tuple[TrainedClass, ...]
    splits: dict[Split, list[ManifestRow]]
    """train, val, test: all labelled photos of exteriors, with or without a class."""
    train: Cut
    val: Cut
    shares: NDArray[np.float64] | None
    """How often each training photo is drawn; None: each as often."""
    preprocessing: Preprocessing
    detector: str
    """Version of the detector that found the cars."""
    digest: str
    """See manifest_sha256."""

    @property
    def fingerprint(self) -> str:
        """Equal for two trainings that learn the same: a checkpoint of one continues the other."""
        # Without the test split: which of its photos remain depends on the champion, and a resumed
        # run may meet another one.
        learned = manifest_sha256([*self.splits["train"], *self.splits["val"]])
        start = self.start.version if self.start else ""
        recipe = self.recipe.as_dict()
        for later in ("average_with_start", "ensemble_with", "serve_mirrored"):  # applied after the last epoch
            del recipe[later]
        values = [learned, recipe, self.request.epochs_planned, self.detector, start]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def job(self, network: nn.Module, *, run_dir: Path) -> FitJob:
        """What fit needs to train the network; its checkpoint lies in run_dir."""
        labels, recipe = self.train.photos.labels, self.recipe
        return FitJob(
            network=network,
            loss_of=label_loss(
                self.classes,
                label_smoothing=recipe.label_smoothing,
                make_weight=recipe.make_weight,
                weights=class_weights(labels, classes=len(self.classes), balance=recipe.balance),
            ),
            train=self.train.photos,
            val=self.val.photos,
            recipe=recipe,
            epochs=self.request.epochs_planned,
            max_minutes=self.request.minutes_planned,
            run_dir=run_dir,
            fingerprint=self.fingerprint,
            resume=self.request.resume,
            workers=loaders_for(len(self.train.rows)),
            shares=self.shares,
        )


def setup_prepare(request: TrainingRequest, context: TrainingContext) -> TrainingSetup:
    """Choose the classes and cut the photos. Raises TrainError, ArtefactError, EngineError."""
    weights, progress = context.weights, context.progress
    recipe = request.recipe
    start = start_of(recipe, weights=weights, champion=request.champion)
    rows = [row for row in request.rows if row.exterior and row.make and (row.model or recipe.level == "make")]
    splits = {split: [row for row in rows if split_of(row) == split] for split in SPLITS}
    classes = _classes(recipe, splits["train"])
    preprocessing = preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=recipe.crop_margin)
    partner = partner_of(recipe, weights=weights, champion=request.champion)
    if partner is not None:
        _check_partner(partner, recipe, preprocessing, classes, progress)
    detector = artefact_only(weights / "detector")
    size = recipe.input_size if recipe.freeze_backbone else round(recipe.input_sizes[-1] * SPARE / 16) * 16
    cache = CropCache(
        context.work_dir, detector=detector, rule=preprocessing.crop, side=size, engine_cache=context.converted
    )  # fmt: skip
    by_make = recipe.make_weight > 0 and not recipe.freeze_backbone
    train = _cut(cache.crops(splits["train"], progress), splits["train"], classes, preprocessing, by_make=by_make)
    val = _cut(cache.crops(splits["val"], progress), splits["val"], classes, preprocessing, by_make=False)
    if not train.rows:
        raise TrainError(
            f"none of the {len(splits['train'])} photos on the train side can be read "
            "and shows a car with enough photos"
        )
    shares = _shares(train.rows, recipe, context)
    progress.say(f"{len(classes)} classes, {len(train.rows)} photos to train on, {len(val.rows)} val")
    return TrainingSetup(
        request=request, recipe=recipe, start=start, partner=partner, classes=classes, splits=splits,
        train=train, val=val, shares=shares, preprocessing=preprocessing, detector=detector.version,
        digest=manifest_sha256(rows),
    )  # fmt: skip


def start_check(recipe: Recipe, *, weights: Path) -> None:
    """Find out, before hours of cutting photos, whether the initial weights can be had.

    Weights that come from a hub are downloaded now. Raises BackboneError if there is no such
    backbone or no weights for it, ArtefactError for a damaged starter.
    """
    preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=recipe.crop_margin)  # it knows the names
    if recipe.start == "imagenet" or (recipe.start == "starter" and starter_of(recipe, weights) is None):
        imagenet_state(recipe.backbone)


def network_for(setup: TrainingSetup, *, progress: Progress) -> nn.Module:
    """The network with its initial weights. Raises TrainError.

    Where the recipe asks for the starter, and there is none or it has another backbone, these are
    ImageNet's.
    """
    recipe, classes = setup.recipe, setup.classes
    wanted: dict[str, Any] = {
        "backbone": recipe.backbone, "outputs": len(classes), "hidden": recipe.head_hidden, "dropout": recipe.dropout,
    }  # fmt: skip
    artefact = setup.start
    if artefact is None:
        return backbone_create(**wanted, pretrained=recipe.start != "nothing")
    network = backbone_create(**wanted, pretrained=False)
    state = next(state for name, state in members_of(artefact) if name == recipe.backbone)
    same_head = artefact.spec.head_hidden == recipe.head_hidden
    backbone_load(
        network, state, what=f"the weights of {artefact.version}", but=last_prefix(network) if same_head else None
    )
    if not same_head:
        progress.say(f"starts from the backbone of {artefact.version}, whose head has other layers")
        return network
    known = head_copy(network, state, of=artefact.spec.classes, to=classes)
    progress.say(f"starts from {artefact.version}, which knows {known} of the {len(classes)} classes")
    return network


def _check_partner(
    partner: Artefact,
    recipe: Recipe,
    preprocessing: Preprocessing,
    classes: Sequence[TrainedClass],
    progress: Progress,
) -> None:
    partner_check(
        partner, backbone=recipe.backbone, hidden=recipe.head_hidden, preprocessing=preprocessing, classes=classes
    )
    if partner.spec.mirrored and not recipe.serve_mirrored:
        progress.say(f"{partner.version} sees each car mirrored as well; beside the new network it will see it once")


def _classes(recipe: Recipe, rows: Sequence[ManifestRow]) -> tuple[TrainedClass, ...]:
    least = recipe.min_photos_per_class
    if recipe.level == "make":
        classes = makes_of_rows(rows, min_photos=least)
    else:
        classes = classes_of(rows, min_photos=least, min_photos_of_rest=recipe.min_photos_of_rest)
    if len(classes) < 2:
        raise TrainError(
            f"{len(classes)} classes with {least} photos or more to train on "
            f"({len(rows)} photos from outside on the train side): at least 2 are needed"
        )
    return classes


def _shares(rows: list[ManifestRow], recipe: Recipe, context: TrainingContext) -> NDArray[np.float64] | None:
    if not (recipe.source_balance or recipe.view_balance):
        return None
    views = [""] * len(rows)
    if recipe.view_balance:
        views = views_of(
            rows, attributes=artefact_only(context.weights / "usable"), work_dir=context.work_dir,
            engine_cache=context.converted, progress=context.progress,
        )  # fmt: skip
    return draw_shares(
        [row.source for row in rows], views, source_balance=recipe.source_balance, view_balance=recipe.view_balance
    )


def _cut(
    crops: Crops, rows: list[ManifestRow], classes: Sequence[TrainedClass], preprocessing: Preprocessing, *,
    by_make: bool,
) -> Cut:  # fmt: skip
    """by_make: keep rows of which the classes know only the make."""
    labels = labels_with_makes(rows, classes) if by_make else np.asarray(label_numbers(rows, classes, rest=True))
    kept = np.flatnonzero((labels >= 0) & (crops.index >= 0))
    return Cut(
        rows=[rows[at] for at in kept],
        photos=CropSet(crops.pixels, crops.index[kept], labels[kept], preprocessing),
        digests=[crops.digests[at] for at in kept],
    )
