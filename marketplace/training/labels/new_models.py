"""Models that a data set names and the catalogue does not have, and what to do about them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from classifier.names import name_words
from classifier.training.data.manifest import ManifestRow
from marketplace.catalogue.merging import CatalogueRefused, car_add
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve_many, make_find, model_list
from marketplace.refusals import Refused

SUGGESTED = 3
ALIKE = 60.0
"""Least likeness of words, in percent, in any order, for a model to be suggested."""
Car = tuple[str, str]


class NewModelsRefused(Refused):
    """A data set names models that the catalogue lacks; the message is one clear line."""


@dataclass(frozen=True)
class NewModel:
    """A model that the catalogue does not have."""

    make: str
    model: str
    photos: int
    suggestions: Sequence[str]
    """Models of the same make that may be meant, the likeliest first."""

    def __str__(self) -> str:
        meant = f" → {', '.join(self.suggestions)}?" if self.suggestions else ""
        return f"{self.make} {self.model}{meant}"


def new_models(*, rows: Iterable[ManifestRow]) -> list[NewModel]:
    """The most photos first. Empty on a site without a catalogue."""
    if not Make.objects.exists():
        return []
    photos = Counter((row.make, row.model) for row in rows if row.make and row.model)
    found = catalogue_resolve_many(photos)
    return [
        NewModel(make, model, number, _suggestions(found[make, model].make, model))
        for (make, model), number in photos.most_common()
        if found[make, model].car_model is None
    ]


def new_models_add(*, models: Iterable[NewModel]) -> list[CarModel]:
    """Add them to the catalogue, with their makes. Raises NewModelsRefused."""
    added = []
    for one in models:
        try:
            added.append(car_add(make=make_find(one.make), make_name=one.make, name=one.model, by=None))
        except CatalogueRefused as refused:
            raise NewModelsRefused(f"{one.make} {one.model} cannot be added: {refused}") from refused
    return added


def rows_renamed(*, rows: Iterable[ManifestRow], names: Mapping[Car, Car]) -> list[ManifestRow]:
    """The rows with some cars under other names."""
    return [
        replace(row, make=names[row.make, row.model][0], model=names[row.make, row.model][1])
        if (row.make, row.model) in names
        else row
        for row in rows
    ]


def _suggestions(make: Make | None, model: str) -> list[str]:
    """By words in any order, so that "class a" finds the A-Class."""
    if make is None:
        return []
    names = {car_model.name: " ".join(name_words(car_model.name)) for car_model in model_list(make=make)}
    words = " ".join(name_words(model))
    near = process.extract(words, names, scorer=fuzz.token_sort_ratio, limit=SUGGESTED, score_cutoff=ALIKE)
    return [name for _words, _score, name in near]


@dataclass(frozen=True)
class Answers:
    """What somebody said of new models, one by one."""

    meant: Mapping[Car, Car]
    """Which car of the catalogue is meant."""
    add: Sequence[NewModel]


def new_models_ask(*, models: Sequence[NewModel], read: Callable[[str], str]) -> Answers:
    """Ask about each: a suggestion's number, "a" to add it, or nothing to leave it as it is.

    read: shows a line and returns the answer, as ``input`` does.
    """
    meant: dict[Car, Car] = {}
    add = []
    for one in models:
        choices = ", ".join(f"{number} = {name}" for number, name in enumerate(one.suggestions, start=1))
        ways = ", ".join(filter(None, (choices, "a = add it, Enter = leave it")))
        line = f"{one.make} {one.model} ({one.photos} photos): {ways}: "
        while True:
            answer = read(line).strip().lower()
            if answer == "a":
                add.append(one)
            elif answer.isdecimal() and 1 <= int(answer) <= len(one.suggestions):
                meant[one.make, one.model] = (one.make, one.suggestions[int(answer) - 1])
            elif answer:
                continue
            break
    return Answers(meant, add)
