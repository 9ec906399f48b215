"""Which trained classes a label means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from classifier.artefact import TrainedClass
from classifier.names import car_key
from classifier.taxonomy import rests

CarKey = Callable[[str, str], tuple[str, str]]
"""(make, model) → what all names of the make, and all of the model, have in common; no model:
""."""


def key_by_letters(make: str, model: str) -> tuple[str, str]:
    """Names compare as names.car_key does, and know no other names of a car."""
    return car_key(make, model)


class TrainedNames:
    """Which trained classes a label means.

    Those of its own name or, where there are none, of other names of the car. Which names are one
    car's, `key` says. The own name goes first, so that classes which differ in more than the model
    ("3 Series Sedan", "3 Series Wagon") are still told apart wherever the label tells them apart.
    """

    def __init__(self, classes: Sequence[TrainedClass], key: CarKey = key_by_letters) -> None:
        self._key = key
        self._years = [one.years for one in classes]
        self._models: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._cars: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index, one in enumerate(classes):
            self._models[key_by_letters(one.make, one.model)].append(index)
            self._cars[key(one.make, one.model)].append(index)
        self._makes = {make for make, _ in self._cars}
        self._of_brands = not any(one.model for one in classes)
        self.rests = np.asarray(rests(classes), dtype=np.bool_)
        """(C,): classes that name no model."""
        self.fitting: Callable[[str, str, str], tuple[int, ...]] = lru_cache(maxsize=10_000)(self._fitting)
        """(make, model, year) → the classes that are right for it.

        A label without year is any year of its model; a class without years is every year. If the
        model is known but not of that year, none."""

    def make_known(self, make: str) -> bool:
        """Whether any class is of this make."""
        return self._key(make, "")[0] in self._makes

    def same_make(self, one: str, other: str) -> bool:
        """Whether both name one make."""
        return self._key(one, "")[0] == self._key(other, "")[0]

    def same_model(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether both (make, model) name one model, or two that the artefact has one class for."""
        if not self.same_make(one[0], other[0]):
            return False
        return self._key(*one) == self._key(*other) or self.of_model(*one) == self.of_model(*other) != []

    def of_model(self, make: str, model: str) -> list[int]:
        """The classes of a model over all its years.

        An artefact of brands knows every model of its makes as the make. [] = the artefact does not
        know the model.
        """
        if self._of_brands:
            return self._cars.get((self._key(make, "")[0], ""), [])
        if not model:
            return []
        return self._models.get(key_by_letters(make, model), []) or self._cars.get(self._key(make, model), [])

    def _fitting(self, make: str, model: str, year: str) -> tuple[int, ...]:
        return tuple(i for i in self.of_model(make, model) if years_fit(year, self._years[i]))


def years_fit(year: str, years: str) -> bool:
    """Whether "2010" fits "2008-2012", "2010" or "". "" fits everything."""
    if not year or not years or year == years:
        return True
    first, _, last = years.partition("-")
    if not (year.isdecimal() and first.isdecimal()):
        return False
    return int(first) <= int(year) <= (int(last) if last.isdecimal() else int(first))
