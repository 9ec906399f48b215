"""From labelled rows to trained classes: one spelling per name, rare models left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from classifier.artefact import TrainedClass
from classifier.names import car_key
from classifier.training.data.manifest import ManifestRow

ABBREVIATIONS = {"bmw", "gmc", "zaz", "izh", "gaz", "uaz", "vaz", "mg", "byd", "daf", "faw", "vw", "tts", "suv"}
UNKNOWN = -1
_SPAN = re.compile(r"(\d{4})(?:-(\d{4}))?")

Key = tuple[str, str, str]


def class_key(make: str, model: str, year: str) -> Key:
    """What makes two labels the same class: see names.car_key."""
    return (*car_key(make, model), year)


def contradicts(one: ManifestRow, other: ManifestRow, *, makes_only: bool = False) -> bool:
    """Whether the two cannot both be right of one photo.

    What only one of them says contradicts nothing.
    """
    mine, its = class_key(one.make, one.model, ""), class_key(other.make, other.model, "")
    if one.make and other.make and mine[0] != its[0]:
        return True
    if makes_only:
        return False
    return (bool(one.model and other.model) and mine[1] != its[1]) or not _years_meet(one.year, other.year)


def _years_meet(one: str, other: str) -> bool:
    """Whether "2012" and "2010-2014" may mean one car; "" may be any year."""
    if not one or not other or one == other:
        return True
    spans = [_SPAN.fullmatch(years) for years in (one, other)]
    if not all(spans):
        return False
    (first, last), (from_, to) = ((span[1], span[2] or span[1]) for span in spans if span)
    return first <= to and from_ <= last


def classes_of(
    rows: Sequence[ManifestRow], *, min_photos: int, min_photos_of_rest: int = 0
) -> tuple[TrainedClass, ...]:
    """The classes that training rows give, sorted; rows without make or model give none.

    A model is told apart by years only where its source names the year of every photo and each year
    has min_photos; else it is one class without a year. The models of a make that have too few
    photos are its rest, a class without model ("another Renault"), where they have
    min_photos_of_rest together; 0 = no such classes.
    """
    by_source: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    makes: dict[str, Counter[str]] = defaultdict(Counter)
    models: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not (row.make and row.model):
            continue
        make, model, year = class_key(row.make, row.model, row.year)
        by_source[row.source, make, model][year] += 1
        makes[make][row.make] += 1
        models[make, model][row.model] += 1
    counts: Counter[Key] = Counter()
    for (_, make, model), years in by_source.items():
        dated = "" not in years and min(years.values()) >= min_photos
        for year, count in years.items():
            counts[make, model, year if dated else ""] += count
    found = [
        TrainedClass(spelled(makes[make]), spelled(models[make, model]), year)
        for (make, model, year), count in counts.items()
        if count >= min_photos
    ]
    if min_photos_of_rest:
        left = label_numbers(rows, found)
        rest = Counter(
            car_key(row.make, "")[0]
            for row, number in zip(rows, left, strict=True)
            if number == UNKNOWN and row.make and row.model
        )
        found += [
            TrainedClass(spelled(makes[make]), "", "") for make, count in rest.items() if count >= min_photos_of_rest
        ]
    return tuple(sorted(found, key=lambda one: class_key(one.make, one.model, one.years)))


def makes_of_rows(rows: Sequence[ManifestRow], *, min_photos: int) -> tuple[TrainedClass, ...]:
    """The classes of a classifier of makes, sorted: one without model per make with min_photos."""
    makes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.make:
            makes[car_key(row.make, "")[0]][row.make] += 1
    enough = {make: names for make, names in makes.items() if names.total() >= min_photos}
    return tuple(TrainedClass(spelled(names), "") for _, names in sorted(enough.items()))


def of_makes(classes: Sequence[TrainedClass]) -> bool:
    """Whether these classes tell makes only."""
    return not any(one.model for one in classes)


def label_numbers(rows: Sequence[ManifestRow], classes: Sequence[TrainedClass], *, rest: bool = False) -> list[int]:
    """Per row the number of its class, that of its year first; UNKNOWN where there is none.

    rest: a photo of a model without a class belongs to the class without model of its make, where
    there is one.
    """
    numbers = {class_key(c.make, c.model, c.years): number for number, c in enumerate(classes)}
    keys = [class_key(row.make, row.model, row.year) for row in rows]
    own = [numbers.get(key, numbers.get((*key[:2], ""), UNKNOWN)) for key in keys]
    if not rest:
        return own
    of_make = [numbers.get((make, "", ""), UNKNOWN) for make, _, _ in keys]
    return [mine if mine != UNKNOWN else make for mine, make in zip(own, of_make, strict=True)]


def classes_extended(
    champion: Sequence[TrainedClass], rows: Sequence[ManifestRow], *, min_photos: int
) -> tuple[TrainedClass, ...]:
    """The champion's classes in their order, then those of the cars that it does not know.

    rows: the training's.
    A champion that tells makes only gets makes.
    """
    if of_makes(champion):
        strange = [row for row, at in zip(rows, label_numbers(rows, champion, rest=True), strict=True) if at == UNKNOWN]
        return (*champion, *makes_of_rows(strange, min_photos=min_photos))
    known = label_numbers(rows, champion)  # a class of its own takes a model out of the rest of its make
    unknown = [row for row, number in zip(rows, known, strict=True) if number == UNKNOWN]
    return (*champion, *classes_of(unknown, min_photos=min_photos))


def spelled(spellings: Counter[str]) -> str:
    """The commonest spelling that has a capital; else the commonest one with capitals put in."""
    cased = [(count, name) for name, count in spellings.items() if name != name.lower()]
    if cased:
        return max(cased)[1]
    return display_case(max((count, name) for name, count in spellings.items())[1])


def display_case(name: str) -> str:
    """ "e golf" → "E Golf", "bmw" → "BMW", "cx-5" → "CX-5", "mercedes-benz" → "Mercedes-Benz"."""
    return "".join(_word(part) for part in re.split(r"([ \-])", name))


def _word(word: str) -> str:
    if word in ABBREVIATIONS or len(word) <= 2 or any(c.isdigit() for c in word):
        return word.upper()
    return word.capitalize()
