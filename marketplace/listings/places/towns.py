"""Towns by name, from a table that comes along: data/towns.csv.gz, of GeoNames, CC BY 4.0."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.catalogue.names import name_key

FILE = Path(__file__).resolve().parents[1] / "data" / "towns.csv.gz"
HEADER = ("country", "name", "latitude", "longitude", "people", "keys")
EARTH_KM = 6371.0
ANY_COUNTRY = ""


class Town(NamedTuple):
    """A town and where it lies, in degrees."""

    country: str
    name: str
    latitude: float
    longitude: float

    def __str__(self) -> str:
        return f"{self.name}, {self.country}"


@dataclass(frozen=True)
class Towns:
    """The whole table."""

    rows: tuple[Town, ...]
    numbers: dict[tuple[str, str], int]
    """By country and key of a name, the number of the largest such town; "" is any country."""
    radians: NDArray[np.float64]
    """Latitude and longitude by number."""

    def number(self, *, country: str, key: str) -> int | None:
        """The town that a car's place means; None if the table lacks it."""
        return self.numbers.get((country, key))

    def kilometres(self, town: Town) -> NDArray[np.float64]:
        """How far every town is, as the crow flies."""
        latitude, longitude = np.radians(town.latitude), np.radians(town.longitude)
        north, east = self.radians[:, 0] - latitude, self.radians[:, 1] - longitude
        half = np.sin(north / 2) ** 2 + np.cos(latitude) * np.cos(self.radians[:, 0]) * np.sin(east / 2) ** 2
        found: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
        return found

    def keys_within(self, town: Town, kilometres: float) -> dict[str, list[str]]:
        """By country, the names of the towns that are no farther; "" for cars without a country."""
        near = set(np.flatnonzero(self.kilometres(town) <= kilometres).tolist())
        keys: dict[str, list[str]] = {}
        for (country, key), number in self.numbers.items():
            if number in near:
                keys.setdefault(country, []).append(key)
        return keys


@cache
def towns() -> Towns:
    """The table, read once, when somebody first asks for a distance."""
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        read = csv.DictReader(line for line in file if not line.startswith("#"))
        found = [(Town(row["country"], row["name"], float(row["latitude"]), float(row["longitude"])),
                  int(row["people"]), row["keys"].split("|")) for row in read]  # fmt: skip
    # The largest first: a name means it, unless somebody says a country.
    found.sort(key=lambda one: -one[1])
    numbers: dict[tuple[str, str], int] = {}
    for number, (town, _people, keys) in enumerate(found):
        _name(numbers, number, town.country, keys[:1])
        _name(numbers, number, ANY_COUNTRY, keys[:1])
    # Only then by their names in other languages: a town's own name comes before them.
    for number, (town, _people, keys) in enumerate(found):
        _name(numbers, number, town.country, keys[1:])
        _name(numbers, number, ANY_COUNTRY, keys[1:])
    rows = tuple(town for town, _people, _keys in found)
    return Towns(rows, numbers, np.radians([(town.latitude, town.longitude) for town in rows]))


def town_named(text: str) -> Town | None:
    """``"Brno"``, or ``"Frankfurt, DE"`` where it could be another one; None if there is none."""
    name, _comma, country = text.rpartition(",")
    country = country.strip().upper()
    if len(country) == 2 and name:
        number = towns().number(country=country, key=name_key(name))
    else:
        number = towns().number(country=ANY_COUNTRY, key=name_key(text))
    return None if number is None else towns().rows[number]


def _name(numbers: dict[tuple[str, str], int], number: int, country: str, keys: Iterable[str]) -> None:
    for key in keys:
        if key:
            numbers.setdefault((country, key), number)
