"""Pages of the stock by keyset: a page begins after a car, so depth costs nothing, and new cars
move none to another page."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.places.towns import Town
from marketplace.listings.search.stock.columns import UNKNOWN, Stock
from marketplace.listings.search.stock.distances import metres_from

_CURSOR = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)
LAST = 10**17  # sorts behind every value; of it a cursor still has at most 18 digits


class Cursor(NamedTuple):
    """A car's place in an order: what it is sorted by, and its id."""

    key: int
    listing: int

    def __str__(self) -> str:
        return f"{self.key}.{self.listing}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """As an address has it; None for anything else."""
        found = _CURSOR.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None


class Page(NamedTuple):
    """The ids of some cars in order, and where the pages around them are."""

    listings: list[int]
    previous: Cursor | None
    """The page that ends before this car."""
    next: Cursor | None
    """The page that begins after this car."""


def page_of(
    stock: Stock, found: NDArray[np.int64], *, sort: str, size: int, after: Cursor | None = None,
    before: Cursor | None = None, near: Town | None = None,
) -> Page:  # fmt: skip
    """One page of the slots: the first, or the one after or before a car; near: what it sorts by
    distance from."""
    back = before is not None and after is None
    cursor = before if back else after
    keys = metres_from(stock, near)[found] if sort == "distance" and near else _keys(stock, found, sort)
    ids = -stock.column("id")[found]  # of equals, the newer first
    if back:
        keys, ids = -keys, -ids
    if cursor is not None:
        key, listing = (-cursor.key, cursor.listing) if back else (cursor.key, -cursor.listing)
        beyond = (keys > key) | ((keys == key) & (ids > listing))
        keys, ids = keys[beyond], ids[beyond]
    more = len(keys) > size
    order = _first(keys, ids, size)
    keys, ids = keys[order], ids[order]
    if back:
        keys, ids = -keys[::-1], -ids[::-1]
    cars = [Cursor(int(key), -int(one)) for key, one in zip(keys, ids, strict=True)]
    first, last = (cars[0], cars[-1]) if cars else (None, None)
    return Page(
        [car.listing for car in cars],
        previous=first if (more if back else cursor is not None) else None,
        next=last if (back or more) else None,
    )


def _first(keys: NDArray[np.int64], ids: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The positions of the first ones, in order."""
    if len(keys) <= size:
        return np.lexsort((ids, keys))
    last = np.partition(keys, size)[size]
    near = np.flatnonzero(keys <= last)
    return near[np.lexsort((ids[near], keys[near]))[:size]]


def _keys(stock: Stock, found: NDArray[np.int64], sort: str) -> NDArray[np.int64]:
    """What they are sorted by, ascending; without a value, last."""
    column, sign = {
        "newest": ("published", -1), "price": ("price", 1), "price-down": ("price", -1), "mileage": ("mileage", 1),
        "year": ("year", -1), "distance": ("published", -1),
    }[sort]  # fmt: skip
    values: NDArray[Any] = stock.column(column)[found].astype(np.int64)
    return np.where(values == UNKNOWN, LAST, sign * values)
