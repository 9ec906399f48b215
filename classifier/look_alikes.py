"""Cars that photos cannot tell apart: the table `look_alikes.toml`, read and checked.

Plain Python: serving, training and the web pages ask it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from classifier.names import car_key

TABLE = Path(__file__).resolve().parent / "look_alikes.toml"

Why = Literal["badge", "market", "body length", "trim"]


class LookAlikesError(Exception):
    """The table is not valid; the message is one clear line."""


class Car(NamedTuple):
    """A make and model."""

    make: str
    model: str

    def __str__(self) -> str:
        return f"{self.make} {self.model}".strip()


@dataclass(frozen=True)
class Group:
    """Cars that look alike."""

    why: Why
    """One car under several badges, renamed, or one that differs in length or equipment."""
    cars: tuple[Car, ...]
    """At least two, under their usual names."""
    years: tuple[int, int] | None = None
    """The first and last in which they look alike; None: always."""

    @property
    def counts_unknown(self) -> bool:
        """Whether a car that an artefact does not know counts: not one of another market."""
        return self.why != "market"


@dataclass(frozen=True)
class LookAlikes:
    """The groups, and which car stands where."""

    groups: tuple[Group, ...]
    places: dict[tuple[str, str], tuple[int, int]]
    """car_key of each of a car's names → its group and its place in the group's cars."""

    def place(self, make: str, model: str, years: str = "") -> tuple[int, int] | None:
        """Group and place of a car; None if nothing looks like it.

        years: as in a trained class; "" may be any year, so that the car stands in its group.
        """
        found = self.places.get(car_key(make, model))
        return found if found and _overlap(years, self.groups[found[0]].years) else None


@lru_cache(maxsize=1)
def look_alikes() -> LookAlikes:
    """The project's own table."""
    return look_alikes_read(TABLE)


def look_alikes_read(path: Path) -> LookAlikes:
    """Read and check a table; its shape stands in `look_alikes.toml`. Raises LookAlikesError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LookAlikesError(f"{path.name}: {error}") from error
    if set(document) != {"group"} or not isinstance(document["group"], list):
        raise LookAlikesError(f"{path.name} holds a list 'group' and nothing else")
    groups: list[Group] = []
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for number, one in enumerate(document["group"]):
        try:
            group, names = _group(one)
        except LookAlikesError as error:
            raise LookAlikesError(f"{path.name}, group {number + 1}: {error}") from None
        for name, place in names:
            if car_key(*name) in places:
                raise LookAlikesError(f"{path.name}: {name} stands there twice")
            places[car_key(*name)] = number, place
        groups.append(group)
    return LookAlikes(tuple(groups), places)


def _group(one: Any) -> tuple[Group, list[tuple[Car, int]]]:
    """A group, and each name of its cars with the car's place."""
    if not isinstance(one, dict) or not {"why", "cars"} <= set(one) <= {"why", "cars", "years"}:
        raise LookAlikesError("it has why and cars, perhaps years, and nothing else")
    if one["why"] not in get_args(Why):
        raise LookAlikesError(f"why is one of {', '.join(get_args(Why))}, not {one['why']!r}")
    cars = one["cars"]
    if not isinstance(cars, list) or len(cars) < 2:
        raise LookAlikesError("cars are at least two")
    names = [(Car(car[0], model), place) for place, car in enumerate(cars) if _is_car(car) for model in car[1:]]
    if len({place for _, place in names}) < len(cars):
        raise LookAlikesError("a car is a make, a model and perhaps other names of the model")
    return Group(one["why"], tuple(Car(car[0], car[1]) for car in cars), _years(one.get("years"))), names


def _is_car(car: Any) -> bool:
    return isinstance(car, list) and len(car) >= 2 and all(isinstance(name, str) and name.strip() for name in car)


def _years(years: Any) -> tuple[int, int] | None:
    if years is None:
        return None
    if not isinstance(years, list) or [type(year) for year in years] != [int, int] or years[0] > years[1]:
        raise LookAlikesError("years are a first and a last year")
    return years[0], years[1]


def _overlap(years: str, alike: tuple[int, int] | None) -> bool:
    """Whether "2012", "2008-2012" or "" has a year in common with those in which cars are alike."""
    first, _, last = years.partition("-")
    if alike is None or not first.isdecimal():
        return True
    return int(first) <= alike[1] and int(last if last.isdecimal() else first) >= alike[0]
