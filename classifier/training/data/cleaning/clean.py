"""Labelled photos into those that a training uses: each step is counted and told in words.

"Left out" means left out of this training. The files stay where they are, and every one is named
with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classifier.artefact import TrainedClass
from classifier.attributes import OTHER
from classifier.training.data.cleaning.class_counts import classes_expected, rare_cars, split_counts
from classifier.training.data.cleaning.duplicates import (
    TWO_LABELS,
    without_held_out_files,
    without_near_duplicates,
    without_seen_photos,
    without_two_labels,
)
from classifier.training.data.cleaning.near_duplicates import PictureHash
from classifier.training.data.cleaning.photo_facts import FactsCache
from classifier.training.data.cleaning.photo_steps import KnownPhoto, leave_out
from classifier.training.data.cleaning.seen_photos import SeenByVersion
from classifier.training.data.labels import of_makes
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.split import split_of
from classifier.training.data.stages import LeftOut, Stage, counted
from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe

USABLE = 0.7
"""How likely a photo to train on must show a car from outside: the Europe system's threshold."""


class NothingToTrainError(TrainError):
    """What is left cannot be learned from; `stages` say where the rest went."""

    def __init__(self, message: str, stages: Sequence[Stage]) -> None:
        super().__init__(message)
        self.stages = list(stages)


@dataclass(frozen=True)
class Cleaned:
    """What a training gets."""

    rows: list[ManifestRow]
    stages: list[Stage]
    """In the order in which they were done."""
    looks: list[PictureHash | None]
    """Of each row's picture."""
    digests: list[str]
    """sha256 of each row's file."""


def clean(
    rows: Sequence[ManifestRow],
    *,
    facts: FactsCache,
    recipe: Recipe,
    progress: Progress,
    usable: float = USABLE,
    known: Sequence[TrainedClass] = (),
    seen_by: Sequence[SeenByVersion] = (),
) -> Cleaned:
    """Leave out what cannot be learned from, or would be learned and asked at once.

    Each stage says so in a line.

    Files that are labelled as two cars go. Only photos to train on have to pass the attribute
    classifier, with `usable` or more: held-out photos stay as they are, because what serves meets
    every photo and has its own attribute classifier, and is measured with it. Where the same
    picture is in two splits the held-out one goes. known: classes that the training knows without
    photos, those of the model it extends. seen_by: the models that the new one goes on from or is
    compared with; a held-out photo among the pictures they were trained on goes as well, whatever
    car it is said to show. Where makes only are learned, by the recipe's level or by what it
    extends, photos without a model are as good as others.

    Raises NothingToTrainError, EngineError, and OSError if the facts cannot be kept.
    """
    stages: list[Stage] = []

    def done(stage: Stage) -> None:
        stages.append(stage)
        progress.say(f"{stage.name}: {stage.words}")

    makes_only = of_makes(known) if known else recipe.level == "make"
    kept, stage = _from_outside(rows, makes_only=makes_only)
    done(stage)
    nameless = [row for row in rows if row.exterior and row.make and not row.model and not makes_only]
    found = facts.facts([row.path for row in kept], [usable > 0 and split_of(row) == "train" for row in kept], progress)
    photos = [KnownPhoto(row, fact) for row, fact in zip(kept, found, strict=True)]
    steps: list[Callable[[list[KnownPhoto]], tuple[list[KnownPhoto], Stage]]] = [
        _readable,
        lambda some: without_two_labels(some, nameless, makes_only=makes_only),
        without_held_out_files,
        lambda some: _usable(some, usable),
        lambda some: without_near_duplicates(some, makes_only=makes_only),
    ]
    if seen_by:
        steps.append(lambda some: without_seen_photos(some, seen_by))
    for step in steps:
        photos, stage = step(photos)
        if stage.name != TWO_LABELS or stage.left_out or stage.details:
            done(stage)
    kept = [photo.row for photo in photos]
    _check_anything_left(kept, stages)
    classes = classes_expected(kept, recipe, known)
    done(rare_cars(kept, recipe, classes, makes_only=makes_only))
    done(split_counts(kept, classes, makes_only=makes_only))
    _check_enough(kept, recipe, classes, stages)
    return Cleaned(kept, stages, [photo.facts.look for photo in photos], [photo.facts.digest for photo in photos])


def _from_outside(rows: Sequence[ManifestRow], *, makes_only: bool) -> tuple[list[ManifestRow], Stage]:
    kept = []
    left_out = []
    nameless = 0
    for row in rows:
        if not row.exterior:
            left_out.append(
                LeftOut(str(row.path), f"shows {'no car' if row.kind == OTHER else row.kind}, by its manifest")
            )
        elif not row.make or not (row.model or makes_only):
            left_out.append(LeftOut(str(row.path), f"its manifest names no {'model' if row.make else 'make'}"))
            nameless += bool(row.make)
        else:
            kept.append(row)
    words = f"{counted(len(kept), 'photo')} of known cars from outside, of {len(rows):,}"
    if nameless:
        words += (
            f"; {counted(nameless, 'photo')} name only the make, which a recipe with level = 'make' learns (brands)"
        )
    return kept, Stage("labelled", len(rows), len(kept), words, tuple(left_out))


def _readable(photos: Sequence[KnownPhoto]) -> tuple[list[KnownPhoto], Stage]:
    return leave_out("unreadable", photos, lambda photo: photo.facts.error, "they cannot be read")


def _usable(photos: Sequence[KnownPhoto], usable: float) -> tuple[list[KnownPhoto], Stage]:
    def why_not(photo: KnownPhoto) -> str:
        exterior = photo.facts.exterior
        # A fact may be known from when the photo was on another side, or a threshold was set.
        if exterior is None or exterior >= usable or split_of(photo.row) != "train":
            return ""
        return f"shows a car from outside by {exterior:.0%} only"

    words = f"less than {usable:.0%} sure to show a car from outside (photos to train on only)"
    kept, stage = leave_out("not usable", photos, why_not, words)
    if not usable:
        return kept, Stage(stage.name, stage.before, stage.after, "nobody was asked: the threshold is 0")
    return kept, stage


def _check_anything_left(rows: Sequence[ManifestRow], stages: Sequence[Stage]) -> None:
    if any(split_of(row) == "train" for row in rows):
        return
    gone = "; ".join(f"{one.name}: {one.words}" for one in stages if one.before != one.after)
    held = f"{counted(len(rows), 'photo')} held out" if rows else "none held out"
    raise NothingToTrainError(
        f"No photo is left to train on, of {stages[0].before:,} ({held}). {gone or 'All are held out'}.", stages
    )


def _check_enough(
    rows: Sequence[ManifestRow], recipe: Recipe, classes: Sequence[TrainedClass], stages: Sequence[Stage]
) -> None:
    cars = {row.vehicle for row in rows}
    if len(cars) == 1:
        raise NothingToTrainError(
            f"All that is left ({counted(len(rows), 'photo')}) is of one car ({cars.pop()}), which cannot be both "
            "learned and asked. Add other cars, or see to the manifest's column vehicle.",
            stages,
        )
    if len(classes) < 2:
        train = sum(split_of(row) == "train" for row in rows)
        raise NothingToTrainError(
            f"{counted(len(classes), 'class')} with {counted(recipe.min_photos_per_class, 'photo')} or more to train "
            f"on ({counted(train, 'photo')} on the train side): at least 2 are needed.",
            stages,
        )
