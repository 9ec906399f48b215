"""Stages of the cleaning that count and leave nothing out: rare cars, and the splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from classifier.artefact import TrainedClass
from classifier.training.data.labels import (
    UNKNOWN,
    class_key,
    classes_extended,
    classes_of,
    label_numbers,
    makes_of_rows,
)
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.split import split_of
from classifier.training.data.stages import Stage, counted
from classifier.training.recipe import Recipe


def classes_expected(
    rows: Sequence[ManifestRow], recipe: Recipe, known: Sequence[TrainedClass]
) -> tuple[TrainedClass, ...]:
    """The classes that these rows will give, by the training's own rules.

    known: those of the model it extends.
    """
    train = [row for row in rows if split_of(row) == "train"]
    least = recipe.min_photos_per_class
    if known:
        return classes_extended(known, train, min_photos=least)
    if recipe.level == "make":
        return makes_of_rows(train, min_photos=least)
    return classes_of(train, min_photos=least, min_photos_of_rest=recipe.min_photos_of_rest)


def rare_cars(
    rows: Sequence[ManifestRow], recipe: Recipe, classes: Sequence[TrainedClass], *, makes_only: bool
) -> Stage:  # fmt: skip
    """Count photos of cars without a class.

    They go on: training leaves them out itself, and held-out photos of such cars show what it says
    of cars that it does not know.
    """
    train = [row for row in rows if split_of(row) == "train"]
    own = label_numbers(train, [one for one in classes if one.model or makes_only], rest=makes_only)
    with_rest = label_numbers(train, classes, rest=True)
    cars: Counter[str] = Counter()
    rest = 0
    for row, number, any_number in zip(train, own, with_rest, strict=True):
        if number == UNKNOWN:
            cars[row.make if makes_only else f"{row.make} {row.model}"] += 1
            rest += any_number != UNKNOWN
    details = tuple(f"{name}: {counted(count, 'photo')}" for name, count in sorted(cars.items()))
    words = _rare_words(cars, rest, recipe, makes_only=makes_only)
    return Stage("rare", len(rows), len(rows), words, details=details)


def _rare_words(cars: Counter[str], rest: int, recipe: Recipe, *, makes_only: bool) -> str:
    """rest: photos that are learned as another model of their make."""
    total = cars.total()
    what = "make" if makes_only else "model"
    if not total:
        return f"every {what} has enough"
    left = total - rest
    teaches_make = recipe.make_weight > 0 and not recipe.freeze_backbone and not makes_only
    parts = [f"{counted(rest, 'photo')} learned as another model of their make"] if rest else []
    if left:
        how = "learned for their make only" if teaches_make else "not learned from"
        parts.append(f"{counted(left, 'photo')} {how}")
    return (
        f"{counted(len(cars), what)} with fewer than {recipe.min_photos_per_class} photos to train on "
        f"({counted(total, 'photo')}): {', '.join(parts)}"
    )


def split_counts(rows: Sequence[ManifestRow], classes: Sequence[TrainedClass], *, makes_only: bool) -> Stage:
    """Count cars and photos of each split.

    A car's split follows from its id alone, so a model with few cars may miss one: it is named
    here.
    """
    cars: dict[str, set[str]] = defaultdict(set)
    photos: Counter[str] = Counter()
    models: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        split = split_of(row)
        cars[split].add(row.vehicle)
        photos[split] += 1
        make, model, _ = class_key(row.make, "" if makes_only else row.model, "")
        models[split][names.setdefault((make, model), row.make if makes_only else f"{row.make} {row.model}")] += 1
    words = ", ".join(
        f"{counted(photos[split], 'photo')} of {counted(len(cars[split]), 'car')} {what}"
        for split, what in (("train", "to train on"), ("val", "to calibrate on"), ("test", "to test on"))
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
