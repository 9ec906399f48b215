"""Labelled photos into those that a training uses: each step counted, told in words, and nothing deleted.

"Left out" means left out of this training. The files stay where they are, and every one is named with its reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from classifier.artefact import TrainedClass
from classifier.training.data.labels import (
    UNKNOWN,
    class_key,
    classes_extended,
    classes_of,
    label_numbers,
    makes_of_rows,
    of_makes,
)
from classifier.training.data.manifest import SPLITS, ManifestRow
from classifier.training.data.near_duplicates import PictureHash, twins
from classifier.training.data.photo_facts import FactsCache, PhotoFacts
from classifier.training.data.seen_photos import SeenByVersion, SeenPhotos
from classifier.training.data.split import held_apart, split_of
from classifier.training.data.stages import LeftOut, Stage, counted
from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe

USABLE = 0.7
"""How likely a photo must show a car from outside to be learned from: the Europe system's threshold."""


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


@dataclass(frozen=True)
class _Photo:
    row: ManifestRow
    facts: PhotoFacts


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
    """Leave out what cannot be learned from or would be learned and asked at once; say so, a line for each stage.

    Only photos on the train side have to pass the usable-photo judge, with `usable` or more: held-out photos stay as
    they are, because what serves meets every photo and has its own judge, and is measured with it. Where the same
    picture stands on two sides the held-out one goes. known: classes that the training knows without photos, those of
    the model it extends. pupils: the models that the new one goes on from or is compared with; a held-out photo among
    the pictures that taught them goes as well, whatever car it is said to show. Where makes only are learned, by the
    recipe's level or by what it extends, photos without a model are as good as others.
    Raises NothingToTrainError, EngineError, and OSError if the facts cannot be kept.
    """
    stages: list[Stage] = []

    def done(stage: Stage) -> None:
        stages.append(stage)
        progress.say(f"{stage.name}: {stage.words}")

    makes_only = of_makes(known) if known else recipe.level == "make"
    kept, stage = _from_outside(rows, makes_only=makes_only)
    done(stage)
    found = facts.facts([row.path for row in kept], [usable > 0 and split_of(row) == "train" for row in kept], progress)
    photos = [_Photo(row, fact) for row, fact in zip(kept, found, strict=True)]
    for step in (_readable, _same_file, lambda some: _usable(some, usable), _near_duplicates):
        photos, stage = step(photos)
        done(stage)
    if seen_by:
        photos, stage = _seen_before(photos, seen_by)
        done(stage)
    kept = [photo.row for photo in photos]
    _check_anything_left(kept, stages)
    classes = _classes(kept, recipe, known)
    done(_rare(kept, recipe, classes, makes_only=makes_only))
    done(_sides(kept, classes, makes_only=makes_only))
    _check_enough(kept, recipe, classes, stages)
    return Cleaned(kept, stages, [photo.facts.look for photo in photos])


def _from_outside(rows: Sequence[ManifestRow], *, makes_only: bool) -> tuple[list[ManifestRow], Stage]:
    kept = []
    left_out = []
    nameless = 0
    for row in rows:
        if not row.exterior:
            left_out.append(LeftOut(str(row.path), f"shows {row.kind}, by its manifest"))
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


def _left(
    name: str, photos: Sequence[_Photo], why_not: Callable[[_Photo], str], words: str
) -> tuple[list[_Photo], Stage]:  # fmt: skip
    """A stage that leaves out the photos for which `why_not` gives a reason; words: what is true of these."""
    reasons = [why_not(photo) for photo in photos]
    kept = [photo for photo, reason in zip(photos, reasons, strict=True) if not reason]
    left_out = tuple(LeftOut(str(p.row.path), reason) for p, reason in zip(photos, reasons, strict=True) if reason)
    told = f"{counted(len(left_out), 'photo')} left out: {words}" if left_out else "nothing left out"
    return kept, Stage(name, len(photos), len(kept), told, left_out)


def _readable(photos: Sequence[_Photo]) -> tuple[list[_Photo], Stage]:
    return _left("unreadable", photos, lambda photo: photo.facts.error, "they cannot be read")


def _same_file(photos: Sequence[_Photo]) -> tuple[list[_Photo], Stage]:
    """All files were read by now, so each has a digest."""
    kept = held_apart([photo.row for photo in photos], [bytes.fromhex(photo.facts.digest) for photo in photos])
    stay = {id(row) for row in kept}
    return _left(
        "same file",
        photos,
        lambda photo: "" if id(photo.row) in stay else "held out, and the same file is there to be learned from",
        "held-out photos whose very file is there to be learned from",
    )


def _usable(photos: Sequence[_Photo], usable: float) -> tuple[list[_Photo], Stage]:
    def why_not(photo: _Photo) -> str:
        exterior = photo.facts.exterior
        # A fact may be known from when the photo was on another side, or a threshold was set.
        if exterior is None or exterior >= usable or split_of(photo.row) != "train":
            return ""
        return f"shows a car from outside by {exterior:.0%} only"

    words = f"less than {usable:.0%} sure to show a car from outside (photos to train on only)"
    kept, stage = _left("not usable", photos, why_not, words)
    if not usable:
        return kept, Stage(stage.name, stage.before, stage.after, "nobody was asked: the threshold is 0")
    return kept, stage


def _near_duplicates(photos: Sequence[_Photo]) -> tuple[list[_Photo], Stage]:
    """A held-out photo goes if a side that is learned from before its own shows the same picture.

    Val counts as learned from beside test: confidence and thresholds are fitted on it.
    """
    by_side: dict[str, list[_Photo]] = defaultdict(list)
    for photo in photos:
        by_side[split_of(photo.row)].append(photo)
    same: dict[int, _Photo] = {}
    for place, side in enumerate(SPLITS[1:], start=1):
        asked = by_side[side]
        before = [photo for earlier in SPLITS[:place] for photo in by_side[earlier]]
        found = twins([photo.facts.look for photo in asked], [photo.facts.look for photo in before])
        same |= {id(photo): before[at] for photo, at in zip(asked, found, strict=True) if at is not None}
    return _left(
        "near-duplicates",
        photos,
        lambda photo: f"held out, and {same[id(photo)].row.path} shows the same" if id(photo) in same else "",
        "held-out photos that show the same picture as one to learn from",
    )


def _seen_before(photos: Sequence[_Photo], seen_by: Sequence[SeenByVersion]) -> tuple[list[_Photo], Stage]:
    """As in _near_duplicates, a photo to test on must be new to what was calibrated as well."""
    held = [photo for photo in photos if split_of(photo.row) != "train"]
    test = [photo for photo in held if split_of(photo.row) == "test"]
    why: dict[int, str] = {}
    for version in seen_by:
        seen_photos = version.seen_photos or SeenPhotos()
        for asked, known, what in (
            (held if version.starts else test, seen_photos.trained, "trained"),
            (test, seen_photos.calibrated, "calibrated"),
        ):
            found = twins([photo.facts.look for photo in asked], known)
            for photo, place in zip(asked, found, strict=True):
                if place is not None:
                    why.setdefault(id(photo), f"held out, and {version.version} was {what} on this picture")
    known_to = " or ".join(version.version for version in seen_by if version.seen_photos is not None)
    kept, stage = _left(
        "seen before",
        photos,
        lambda photo: why.get(id(photo), ""),
        f"held-out photos that {known_to} was trained or calibrated on",
    )
    silent = [
        f"nothing says which pictures taught {version.version}, and figures are too good where some come again"
        for version in seen_by
        if version.seen_photos is None
    ]
    return kept, replace(stage, words="; ".join([stage.words, *silent]))


def _classes(rows: Sequence[ManifestRow], recipe: Recipe, known: Sequence[TrainedClass]) -> tuple[TrainedClass, ...]:
    """The classes that these rows will give, by the training's own rules."""
    train = [row for row in rows if split_of(row) == "train"]
    least = recipe.min_photos_per_class
    if known:
        return classes_extended(known, train, min_photos=least)
    if recipe.level == "make":
        return makes_of_rows(train, min_photos=least)
    return classes_of(train, min_photos=least, min_photos_of_rest=recipe.min_photos_of_rest)


def _rare(
    rows: Sequence[ManifestRow], recipe: Recipe, classes: Sequence[TrainedClass], *, makes_only: bool
) -> Stage:  # fmt: skip
    """Nothing is left out here: training does that itself, and held-out photos of such cars show what it says of cars
    that it does not know."""
    train = [row for row in rows if split_of(row) == "train"]
    own = label_numbers(train, [one for one in classes if one.model or makes_only], rest=makes_only)
    with_rest = label_numbers(train, classes, rest=True)
    cars: Counter[str] = Counter()
    rest = 0
    for row, number, any_number in zip(train, own, with_rest, strict=True):
        if number == UNKNOWN:
            cars[row.make if makes_only else f"{row.make} {row.model}"] += 1
            rest += any_number != UNKNOWN
    total = cars.total()
    what = "make" if makes_only else "model"
    words = f"every {what} has enough"
    if total:
        left = total - rest
        teaches_make = recipe.make_weight > 0 and not recipe.freeze_backbone and not makes_only
        parts = [f"{counted(rest, 'photo')} learned as another model of their make"] if rest else []
        if left:
            parts.append(
                f"{counted(left, 'photo')} {'learned for their make only' if teaches_make else 'not learned from'}"
            )
        words = (
            f"{counted(len(cars), what)} with fewer than {recipe.min_photos_per_class} photos to train on "
            f"({counted(total, 'photo')}): {', '.join(parts)}"
        )
    details = tuple(f"{name}: {counted(count, 'photo')}" for name, count in sorted(cars.items()))
    return Stage("rare", len(rows), len(rows), words, details=details)


def _sides(rows: Sequence[ManifestRow], classes: Sequence[TrainedClass], *, makes_only: bool) -> Stage:
    """Which side a car is on follows from its id alone, so a model with few cars may miss a side: it is named here."""
    cars: dict[str, set[str]] = defaultdict(set)
    photos: Counter[str] = Counter()
    models: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        side = split_of(row)
        cars[side].add(row.vehicle)
        photos[side] += 1
        make, model, _ = class_key(row.make, "" if makes_only else row.model, "")
        models[side][names.setdefault((make, model), row.make if makes_only else f"{row.make} {row.model}")] += 1
    words = ", ".join(
        f"{counted(photos[side], 'photo')} of {counted(len(cars[side]), 'car')} {what}"
        for side, what in (("train", "to train on"), ("val", "to calibrate on"), ("test", "to test on"))
    )
    trained = {names.get(class_key(one.make, one.model, "")[:2], "") for one in classes}
    untested = sorted(name for name in models["train"] if name in trained and not models["test"][name])
    unlearned = sorted(name for name in models["test"] if not models["train"][name])
    details = [f"no car to test on: {name} ({counted(models['train'][name], 'photo')})" for name in untested]
    details += [
        f"no car to train on: {name} ({counted(models['test'][name], 'photo')} to test on)" for name in unlearned
    ]
    what = "make" if makes_only else "model"
    if untested:
        words += f"; {counted(len(untested), what)} without a car to test on"
    if unlearned:
        words += f"; {counted(len(unlearned), what)} to test on without a car to train on"
    return Stage("split", len(rows), len(rows), words, details=tuple(details))


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
