"""Which cars of the stock meet the criteria, and how many there are of every other choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.models import search_key
from marketplace.listings.search.criteria import CHOICES, Criteria, Range
from marketplace.listings.search.matching import in_euros
from marketplace.listings.search.stock.columns import CENTS, STEPS, UNKNOWN, Stock
from marketplace.listings.search.stock.distances import metres_from


@dataclass(frozen=True)
class Counts:
    """How many cars there are of each choice, if the other filters stay; choices without are not
    named."""

    total: int
    makes: Mapping[int, int] = field(default_factory=dict)
    models: Mapping[int, int] = field(default_factory=dict)
    """Of the chosen makes; empty if none is chosen."""
    chosen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    steps: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """By range and bound: cars from this year on, up to this price and mileage."""
    places: Mapping[str, int] = field(default_factory=dict)
    """By name."""


@dataclass
class Masks:
    """Per filter, the slots that meet it; ``alive`` are on sale."""

    stock: Stock
    alive: NDArray[np.bool_]
    parts: dict[str, NDArray[np.bool_]]

    def found(self) -> NDArray[np.int64]:
        """The slots that meet all."""
        return np.flatnonzero(reduce(and_, self.parts.values(), self.alive))

    def without(self, name: str) -> NDArray[np.int64]:
        """The slots that meet all filters but this one."""
        return np.flatnonzero(reduce(and_, (mask for key, mask in self.parts.items() if key != name), self.alive))


def masks_of(stock: Stock, criteria: Criteria, listings: list[int] | None) -> Masks:
    """What meets each filter. listings: those whose text has the words, None without words."""
    parts: dict[str, NDArray[np.bool_]] = {}
    if criteria.makes or criteria.models:
        parts["cars"] = _cars(stock, criteria)
    for name, values in criteria.chosen.items():
        codes = [CHOICES[name].values.index(value) + 1 for value in values]
        parts[name] = np.isin(stock.column(name), codes)
    for name, between in in_euros(criteria).items():
        parts[name] = _between(stock.column(name), between, CENTS if name == "price" else 1)
    if criteria.places:
        keys = [search_key(place) for place in criteria.places]
        fits = np.array([any(one and one in key for one in keys) for key, _ in stock.places] or [False])
        parts["place"] = fits[stock.column("place")]
    if criteria.near:
        parts["near"] = metres_from(stock, criteria.near) <= criteria.within * 1000
    if listings is not None:
        parts["words"] = np.zeros(stock.count, np.bool_)
        parts["words"][stock.slots(listings)] = True
    return Masks(stock, stock.column("alive"), parts)


def counts_of(masks: Masks, criteria: Criteria) -> Counts:
    """Every choice with its count."""
    found = masks.found()
    stock = masks.stock

    def tally(column: str, name: str) -> NDArray[np.int64]:
        slots = masks.without(name) if name in masks.parts else found
        return np.bincount(stock.column(column)[slots])

    makes, places = tally("make", "cars"), tally("place", "place")
    models = _models(masks, criteria)
    top = np.argsort(-places, kind="stable")[:MOST_PLACES]
    return Counts(
        total=len(found),
        makes={int(pk): int(makes[pk]) for pk in np.flatnonzero(makes) if pk},
        models=models,
        chosen={name: _named(tally(name, name), CHOICES[name].values) for name in CHOICES},
        steps={name: _steps(name, tally(f"{name}_step", name)) for name in STEPS},
        places={stock.places[n][1]: int(places[n]) for n in top if places[n] and stock.places[n][1]},
    )


MOST_PLACES = 12


def _models(masks: Masks, criteria: Criteria) -> dict[int, int]:
    """The models of the chosen makes; whoever chose one may choose another."""
    ids = [make.pk for make in criteria.all_makes]
    if not ids:
        return {}
    slots = masks.without("cars")
    slots = slots[np.isin(masks.stock.column("make")[slots], ids)]
    models = np.bincount(masks.stock.column("model")[slots])
    return {int(pk): int(models[pk]) for pk in np.flatnonzero(models) if pk}


def _named(counts: NDArray[np.int64], values: list[Any]) -> dict[str, int]:
    return {str(values[code - 1]): int(counts[code]) for code in np.flatnonzero(counts) if code}


def _steps(name: str, counts: NDArray[np.int64]) -> dict[int, int]:
    """Added up: from the last year down, from the lowest price and mileage up."""
    bounds = STEPS[name]
    counts = np.pad(counts, (0, len(bounds) + 2 - len(counts)))
    if name == "year":
        sums = np.cumsum(counts[:0:-1])[::-1]
        return {bound: int(sums[n]) for n, bound in enumerate(bounds) if sums[n]}
    sums = np.cumsum(counts[1:])
    return {bound: int(sums[n]) for n, bound in enumerate(bounds) if sums[n]}


def _cars(stock: Stock, criteria: Criteria) -> NDArray[np.bool_]:
    """As matching.of_make and of_model say it."""
    met = np.isin(stock.column("make"), [make.pk for make in criteria.makes])
    if criteria.models:
        met |= np.isin(stock.column("model"), [model.pk for model in criteria.models])
        for slot, own in stock.own.items():
            of_it = ((stock.column("make")[slot] == one.make_id and one.key in own.model) for one in criteria.models)
            met[slot] |= any(of_it)
    return met


def _between(column: NDArray[Any], between: Range, unit: int) -> NDArray[np.bool_]:
    limits = np.iinfo(column.dtype)
    met: NDArray[np.bool_] = column != UNKNOWN
    if between.low is not None:
        met &= column >= min(round(between.low * unit), limits.max)
    if between.high is not None:
        met &= column <= min(round(between.high * unit), limits.max)
    return met
