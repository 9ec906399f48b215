"""What a gate stands on: how many photos, and of how much of what the champion knows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classifier.artefact import Artefact
from classifier.taxonomy import rests
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.memory.remembered import Memory

LEAST_SHARE = 0.5
"""Of the champion's models, makes and sources, that must be seen before anything is shown."""
MIN_OF_SOURCE = 20
"""Test photos with which a source counts as one of the champion's."""
CarNames = Callable[[str, str], tuple[str, str]]
"""(make, model) → what all names of one car have in common."""


@dataclass(frozen=True)
class Evidence:
    """Photos that a figure was measured on."""

    photos: int
    models: int
    makes: int
    sources: int

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)

    @property
    def words(self) -> str:
        """For people."""
        parts = ((self.photos, "photo"), (self.models, "model"), (self.makes, "make"), (self.sources, "source"))
        photos, models, makes, sources = (f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in parts)
        return f"{photos} of {models}, {makes}, {sources}"


def evidence_of(rows: Sequence[ManifestRow], names: CarNames) -> Evidence:
    """What these photos show."""
    cars = {names(row.make, row.model) for row in rows}
    return Evidence(len(rows), len(cars), len({make for make, _ in cars}), len({row.source for row in rows}))


@dataclass(frozen=True)
class Needed:
    """How much of what the champion knows a comparison with it has to be made on."""

    models: int
    makes: int
    sources: int
    of_models: int
    """What it knows, as far as it can be tested."""

    def lacking(self, found: Evidence) -> str:
        """What is missing, in words; "" if nothing is."""
        parts = (
            (found.models, self.models, f"of the {self.of_models:,} models that the champion knows"),
            (found.makes, self.makes, "of its makes"),
            (found.sources, self.sources, "of the sources that it was tested on"),
        )
        return "; ".join(
            f"photos show {has:,} {what}, {needs:,} are needed" for has, needs, what in parts if has < needs
        )


def needed_by(champion: Artefact, memory: Memory | None, names: CarNames, *, by_make: bool) -> Needed:
    """What a comparison with the champion needs.

    With a memory that is half of what its own test photos show; without one, half of its models and
    makes, and of the sources that it was tested on. by_make: makes are compared, not models.
    """
    classes = champion.spec.classes
    named = (one for one, rest in zip(classes, rests(classes), strict=True) if not rest)
    keys = {names(one.make, "" if by_make else one.model) for one in named}
    if memory is None:
        tested = champion.spec.metrics.get("test", {}).get("sources", {})
        sources = sum(int(one.get("known") or 0) >= MIN_OF_SOURCE for one in tested.values())
    else:
        rows = memory.of("test").rows
        cars = [names(row.make, "" if by_make else row.model) for row in rows]
        sources = len({row.source for row, car in zip(rows, cars, strict=True) if car in keys})
        keys &= set(cars)
    makes = len({make for make, _ in keys})
    return Needed(
        models=math.ceil(LEAST_SHARE * len(keys)), makes=math.ceil(LEAST_SHARE * makes),
        sources=max(1, math.ceil(LEAST_SHARE * sources)), of_models=len(keys),
    )  # fmt: skip
