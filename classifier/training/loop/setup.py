"""What a network is about to learn: classes, photos of each side cut out, and the network that begins.

A training and a search of its recipe begin with the same lesson.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from classifier.artefact import Artefact, Preprocessing, TrainedClass, artefact_only
from classifier.engines.networks import last_prefix
from classifier.training.data.crops import CropCache, Crops
from classifier.training.data.labels import classes_extended, classes_of, label_numbers, makes_of_rows, of_makes
from classifier.training.data.manifest import SPLITS, ManifestRow, Split, manifest_sha256
from classifier.training.data.split import split_of
from classifier.training.data.transforms import CropSet
from classifier.training.errors import TrainError
from classifier.training.loop.hardware import loaders_for
from classifier.training.loop.incremental import head_copy, network_extended
from classifier.training.loop.loss import LabelLoss, class_weights, label_loss, labels_with_makes
from classifier.training.model.backbones import backbone_create, backbone_load, imagenet_state, preprocessing_for
from classifier.training.model.ensemble import members_of, partner_check
from classifier.training.model.initial_weights import partner_of, start_of, starter_of
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe

SPARE = 1.3
"""Crops are kept this much larger than the largest input, for random cuts out of them."""


@dataclass(frozen=True)
class Cut:
    """Rows of one side that have a class, with their crops."""

    rows: list[ManifestRow]
    photos: CropSet
    digests: list[str]
    """sha256 of each photo."""


@dataclass(frozen=True)
class TrainingSetup:
    """Everything before the first step."""

    recipe: Recipe
    """As asked; of one that extends, with what the extended artefact dictates."""
    start: Artefact | None
    """Whose weights it begins with; None for ImageNet's or none."""
    base: Artefact | None
    """What is extended, which is then also the start; None for a network that begins anew."""
    partner: Artefact | None
    """Beside whose network the new one will serve."""
    classes: tuple[TrainedClass, ...]
    splits: dict[Split, list[ManifestRow]]
    """train, val, test: all photos from outside with a label, those without a class as well."""
    train: Cut
    val: Cut
    preprocessing: Preprocessing
    detector: str
    """Version of the detector that cut the photos."""
    digest: str
    """See manifest_sha256."""

    def fingerprint(self, epochs: int) -> str:
        """What makes two trainings one and the same, for `--resume`."""
        # The test side has no part in it: which of its photos stay depends on who is champion when the run goes on.
        learned = manifest_sha256([*self.splits["train"], *self.splits["val"]])
        start = self.start.version if self.start else ""
        recipe = self.recipe.as_dict()
        for later in ("average_with_start", "ensemble_with", "serve_mirrored"):  # of use when all is learned
            del recipe[later]
        values = [learned, recipe, epochs, self.detector, start]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    @property
    def loss(self) -> LabelLoss:
        """What the training punishes."""
        labels = self.train.photos.labels
        return label_loss(
            self.classes,
            label_smoothing=self.recipe.label_smoothing,
            make_weight=self.recipe.make_weight,
            weights=class_weights(labels, classes=len(self.classes), balance=self.recipe.balance),
        )

    @property
    def loaders(self) -> int:
        """Processes that prepare pictures beside the training."""
        return loaders_for(len(self.train.rows))


def setup_prepare(
    *,
    rows: Sequence[ManifestRow],
    recipe: Recipe,
    work_dir: Path,
    weights: Path,
    champion: Artefact | None,
    progress: Progress,
) -> TrainingSetup:
    """Find the classes and cut the photos. Parameters and errors: see train.train."""
    start = start_of(recipe, weights=weights, champion=champion)
    base = start if recipe.start == "champion" else None
    if base is not None:
        recipe = replace(
            recipe, backbone=base.spec.backbone, input_sizes=(base.spec.preprocessing.input_size,),
            crop_margin=base.spec.preprocessing.crop.margin,
            level="make" if of_makes(base.spec.classes) else "model",
        )  # fmt: skip
    rows = [row for row in rows if row.exterior and row.make and (row.model or recipe.level == "make")]
    splits = {split: [row for row in rows if split_of(row) == split] for split in SPLITS}
    classes = _classes(recipe, base, splits["train"])
    detector = artefact_only(weights / "detector")
    preprocessing = (
        base.spec.preprocessing
        if base is not None
        else preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=recipe.crop_margin)
    )
    partner = partner_of(recipe, weights=weights, champion=champion)
    if partner is not None:
        partner_check(
            partner, backbone=recipe.backbone, hidden=recipe.head_hidden, preprocessing=preprocessing,
            classes=classes,
        )  # fmt: skip
        if partner.spec.mirrored and not recipe.serve_mirrored:
            progress.say(
                f"{partner.version} sees each car mirrored as well; beside the new network it will see it once"
            )
    side = recipe.input_size if recipe.freeze_backbone else round(recipe.input_sizes[-1] * SPARE / 16) * 16
    cache = CropCache(work_dir, detector=detector, rule=preprocessing.crop, side=side)
    by_make = recipe.make_weight > 0 and not recipe.freeze_backbone
    train = _cut(splits["train"], classes, cache, preprocessing, progress, by_make=by_make)
    val = _cut(splits["val"], classes, cache, preprocessing, progress, by_make=False)
    if not train.rows:
        raise TrainError(
            f"none of the {len(splits['train'])} photos on the train side can be read "
            "and shows a car with enough photos"
        )
    progress.say(f"{len(classes)} classes, {len(train.rows)} photos to train on, {len(val.rows)} val")
    return TrainingSetup(
        recipe=recipe, start=start, base=base, partner=partner, classes=classes, splits=splits, train=train, val=val,
        preprocessing=preprocessing, detector=detector.version, digest=manifest_sha256(rows),
    )  # fmt: skip


def start_check(recipe: Recipe, *, weights: Path) -> None:
    """Raise BackboneError if there is no such network or there are no weights to start from, ArtefactError for a bad
    starter: said before hours of cutting photos. What a hub has is fetched now, and lies ready when training begins.
    """
    preprocessing_for(recipe.backbone, input_size=recipe.input_size, margin=recipe.crop_margin)  # it knows the names
    if recipe.start == "imagenet" or (recipe.start == "starter" and starter_of(recipe, weights) is None):
        imagenet_state(recipe.backbone)


def network_for(setup: TrainingSetup, *, progress: Progress) -> nn.Module:
    """The network to train; a starter of another backbone, or none, leaves ImageNet's weights. Raises TrainError."""
    recipe, classes = setup.recipe, setup.classes
    if setup.base is not None:
        return network_extended(setup.base, outputs=len(classes))
    wanted: dict[str, Any] = {
        "backbone": recipe.backbone, "outputs": len(classes), "hidden": recipe.head_hidden, "dropout": recipe.dropout,
    }  # fmt: skip
    artefact = setup.start
    if artefact is not None:
        network = backbone_create(**wanted, pretrained=False)
        state = next(state for name, state in members_of(artefact) if name == recipe.backbone)
        same_head = artefact.spec.head_hidden == recipe.head_hidden
        backbone_load(
            network, state, what=f"the weights of {artefact.version}",
            but=last_prefix(network) if same_head else None,
        )  # fmt: skip
        if not same_head:
            progress.say(f"goes on from the backbone of {artefact.version}, whose head has other layers")
            return network
        known = head_copy(network, state, of=artefact.spec.classes, to=classes)
        progress.say(f"goes on from {artefact.version}, which knows {known} of the {len(classes)} classes")
        return network
    return backbone_create(**wanted, pretrained=recipe.start != "nothing")


def _classes(recipe: Recipe, base: Artefact | None, rows: Sequence[ManifestRow]) -> tuple[TrainedClass, ...]:
    least = recipe.min_photos_per_class
    if base is not None:
        classes = classes_extended(base.spec.classes, rows, min_photos=least)
    elif recipe.level == "make":
        classes = makes_of_rows(rows, min_photos=least)
    else:
        classes = classes_of(rows, min_photos=least, min_photos_of_rest=recipe.min_photos_of_rest)
    if len(classes) < 2:
        raise TrainError(
            f"{len(classes)} classes with {least} photos or more to train on "
            f"({len(rows)} photos from outside on the train side): at least 2 are needed"
        )
    return classes


def _cut(
    rows: list[ManifestRow],
    classes: Sequence[TrainedClass],
    cache: CropCache,
    preprocessing: Preprocessing,
    progress: Progress,
    *,
    by_make: bool,
) -> Cut:
    """by_make: rows of which the classes know only the make stay in."""
    labels = labels_with_makes(rows, classes) if by_make else np.asarray(label_numbers(rows, classes, rest=True))
    crops: Crops = cache.crops(rows, progress)
    kept = np.flatnonzero((labels >= 0) & (crops.index >= 0))
    return Cut(
        rows=[rows[at] for at in kept],
        photos=CropSet(crops.pixels, crops.index[kept], labels[kept], preprocessing),
        digests=[crops.digests[at] for at in kept],
    )
