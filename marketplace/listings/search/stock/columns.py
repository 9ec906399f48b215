"""The arrays, and how a listing's row gets into them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.search.criteria import CHOICES
from marketplace.listings.search.names import Names

UNKNOWN = -1
"""Of a year, a price or a mileage that is not there."""
STEPS: dict[str, tuple[int, ...]] = {
    "year": (2000, 2005, 2010, 2015, 2018, 2020, 2022, 2024),
    "price": (1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000),
    "mileage": (10_000, 25_000, 50_000, 75_000, 100_000, 150_000, 200_000),
}
"""The bounds that are offered with counts: from this year on; up to this price in euros, this
mileage."""
CENTS = 100

VALUES = (
    "id", "make_id", "car_model_id", "other_make_key", "other_model_key", "year", "price_eur", "mileage_km",
    "place_key", "place", "published_at", *CHOICES,
)  # fmt: skip
"""The columns of a listing that a stock holds, in the order of ``Row``."""


class Own(NamedTuple):
    """The keys of what a seller wrote in place of make or model."""

    make: str
    model: str


class Stock:
    """The cars on sale. Every array has a value for each slot; ``count`` slots are in use.

    Not for several threads at once.
    """

    def __init__(self, names: Names, room: int = 1024) -> None:
        self.names = names
        self.count = 0
        self.version = 0
        """Grows with every change."""
        types: dict[str, Any] = {
            "id": np.int64, "alive": np.bool_, "make": np.int32, "model": np.int32, "place": np.int32,
            "year": np.int16, "price": np.int64, "mileage": np.int32, "published": np.int64,
        } | dict.fromkeys((*CHOICES, *(f"{name}_step" for name in STEPS)), np.uint8)  # fmt: skip
        self._arrays: dict[str, NDArray[Any]] = {name: np.zeros(room, dtype) for name, dtype in types.items()}
        self.places: list[tuple[str, str]] = []
        """By number: key and name of every place."""
        self.own: dict[int, Own] = {}
        """By slot."""
        self._place_numbers: dict[str, int] = {}
        self._sorted = 0  # the ids of so many first slots ascend
        self._slots: dict[int, int] = {}  # of the later ones
        self._codes = {name: {value: n for n, value in enumerate(kinds.values, 1)} for name, kinds in CHOICES.items()}

    def column(self, name: str) -> NDArray[Any]:
        """The values of the slots in use."""
        return self._arrays[name][: self.count]

    def put(self, row: tuple[Any, ...]) -> None:
        """Add this car, or write it over; row: its VALUES."""
        slot = self._slot(row[0])
        if slot is None:
            slot = self.count
            if slot == len(self._arrays["id"]):
                self._arrays = {name: np.resize(array, 2 * slot) for name, array in self._arrays.items()}
            if self._sorted == slot and (slot == 0 or self._arrays["id"][slot - 1] < row[0]):
                self._sorted += 1
            else:
                self._slots[row[0]] = slot
            self.count += 1
        self._write(slot, dict(zip(VALUES, row, strict=True)))
        self.version += 1

    def drop(self, listings: Iterable[int]) -> None:
        """These are not on sale; they need not be there."""
        for listing in listings:
            slot = self._slot(listing)
            if slot is not None and self._arrays["alive"][slot]:
                self._arrays["alive"][slot] = False
                self.own.pop(slot, None)
                self.version += 1

    def slots(self, listings: Iterable[int]) -> NDArray[np.int64]:
        """The slots of these listings, as far as they have one."""
        wanted = np.fromiter(listings, np.int64)
        known = self._arrays["id"][: self._sorted]
        places = np.searchsorted(known, wanted)
        inside = places < self._sorted
        hit = places[inside][known[places[inside]] == wanted[inside]] if self._sorted else places[:0]
        late = [self._slots[one] for one in wanted.tolist() if one in self._slots] if self._slots else []
        return np.concatenate([hit, np.array(late, np.int64)])

    def _slot(self, listing: int) -> int | None:
        if listing in self._slots:
            return self._slots[listing]
        place = int(np.searchsorted(self._arrays["id"][: self._sorted], listing))
        return place if place < self._sorted and self._arrays["id"][place] == listing else None

    def _write(self, slot: int, row: Mapping[str, Any]) -> None:
        year, cents, mileage = row["year"], _cents(row["price_eur"]), row["mileage_km"]
        own = Own(row["other_make_key"], row["other_model_key"])
        make, model = self._car(row["make_id"], row["car_model_id"], own)
        values = {
            "id": row["id"],
            "alive": True,
            "make": make,
            "model": model,
            "year": UNKNOWN if year is None else year,
            "price": cents,
            "mileage": UNKNOWN if mileage is None else mileage,
            "place": self._place(row["place_key"], row["place"]),
            "published": int(row["published_at"].timestamp() * 1_000_000),
            # A car counts for every step up to its own: see counting.py.
            "year_step": 0 if year is None else bisect_right(STEPS["year"], year),
            "price_step": _step("price", cents / CENTS if cents != UNKNOWN else None),
            "mileage_step": _step("mileage", mileage),
            **{name: codes.get(row[name], 0) for name, codes in self._codes.items()},
        }
        for name, value in values.items():
            self._arrays[name][slot] = value
        if any(own):
            self.own[slot] = own
        else:
            self.own.pop(slot, None)

    def _car(self, make: int | None, model: int | None, own: Own) -> tuple[int, int]:
        """The make and model under which it is counted; 0 for one that the catalogue lacks."""
        found = self.names.makes.get(own.make)
        make = make or (found.pk if found else 0)
        if model is None and make and own.model:
            named = [one for (its, key), one in self.names.models.items() if its == make and key in own.model]
            model = max(named, key=lambda one: len(one.key)).pk if named else None
        return make, model or 0

    def _place(self, key: str, name: str) -> int:
        if key not in self._place_numbers:
            self._place_numbers[key] = len(self.places)
            self.places.append((key, name))
        return self._place_numbers[key]


def _cents(price: Any) -> int:
    return UNKNOWN if price is None else round(price * CENTS)


def _step(name: str, value: float | None) -> int:
    """Of the steps that are at least the value, the first, counted from 1; 0 without a value."""
    return 0 if value is None else bisect_left(STEPS[name], value) + 1
