"""What is typically asked for a car like this one: docs/adr/0073.

Each comparable price is brought to the car's own year and mileage; their median is what is typical,
and their spread the range around it. How much a year and a kilometre cost is learnt from the same
cars, starting from what is usual, so a handful of them cannot turn it upside down. Advertisements
with a slip in the price, or for a wreck, hardly count: median, absolute deviations, Huber weights.
"""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_CARS = 8
"""Of fewer nothing is said."""
YEARS_APART = 2
KM_APART, SHARE_APART = 40_000, 0.5
"""Mileages are similar within this distance, or within this share of the car's own."""
KM_UNIT = 10_000
# What a year and 10,000 km usually change in the logarithm of a price, and how far a model may be
# from that. They count as much as some cars would.
USUAL = np.array([0.09, -0.03])
USUAL_SPREAD = np.array([0.05, 0.02])
# A range's half width in logarithms: the usual one counts as much as so many cars.
USUAL_WIDTH, USUAL_WIDTH_CARS = 0.10, 6
LEAST_WIDTH = 0.03
MAD_TO_SIGMA, QUARTILE = 1.4826, 0.6745  # of a normal distribution
HUBER = 1.345  # deviations from which on a price counts less
ROUNDS = 5
ROUNDED_TO = 0.015  # of the amount, at most
SUSPICIOUS = 0.6
"""Below this share of the range's lower end a buyer is warned: damage, a trap, or a slip."""


class Place(StrEnum):
    """Where a price is among those of comparable cars."""

    VERY_GOOD = "very_good"
    GOOD = "good"
    FAIR = "fair"
    RATHER_HIGH = "rather_high"
    HIGH = "high"


class Cars(NamedTuple):
    """Comparable cars, one value each: euros, years, kilometres (nan: unknown)."""

    prices: Floats
    years: Floats
    mileages: Floats

    def of(self, chosen: NDArray[np.bool_]) -> Cars:
        return Cars(self.prices[chosen], self.years[chosen], self.mileages[chosen])


class Typical(NamedTuple):
    """Between what most comparable cars are asked for; money as in ``in_currency``."""

    low: Decimal
    high: Decimal
    cars: int

    def place(self, price: Decimal) -> Place:
        """Inside the range is fair; up to half its width beyond it is one word, further another."""
        half = (self.high - self.low) / 2
        if price < self.low:
            return Place.GOOD if price >= self.low - half else Place.VERY_GOOD
        if price > self.high:
            return Place.RATHER_HIGH if price <= self.high + half else Place.HIGH
        return Place.FAIR

    def suspicious(self, price: Decimal) -> bool:
        """Whether it is so far below that a buyer should ask why."""
        return price < self.low * Decimal(str(SUSPICIOUS))


class Range(NamedTuple):
    """In euros, not rounded."""

    low: float
    high: float
    cars: int

    def in_currency(self, per_euro: Decimal) -> Typical:
        """In a currency, rounded to what is worth saying."""
        return Typical(rounded(self.low * float(per_euro)), rounded(self.high * float(per_euro)), self.cars)


def comparable(cars: Cars, *, year: int, mileage: int | None) -> Cars:
    """Those of about this year and, where it is known, of similar mileage."""
    near = (np.abs(cars.years - year) <= YEARS_APART) & (cars.prices > 0)
    if mileage is not None:
        near &= np.abs(cars.mileages - mileage) <= max(KM_APART, SHARE_APART * mileage)
    return cars.of(near)


def typical_range(cars: Cars, *, year: int, mileage: int | None) -> Range | None:
    """The middle half of what such a car would be asked for; None with too few to compare.

    cars: of one model, without the car itself. mileage: None while it is not known.
    """
    near = comparable(cars, year=year, mileage=mileage)
    count = len(near.prices)
    if count < LEAST_CARS:
        return None
    columns = [near.years - year]
    if mileage is not None:
        columns.append((near.mileages - mileage) / KM_UNIT)
    apart = np.stack(columns, axis=1)
    asked = np.log(near.prices)
    adjusted = asked - apart @ _slopes(apart, asked)
    middle = float(np.median(adjusted))
    seen = QUARTILE * MAD_TO_SIGMA * float(np.median(np.abs(adjusted - middle)))
    width = max((count * seen + USUAL_WIDTH_CARS * USUAL_WIDTH) / (count + USUAL_WIDTH_CARS), LEAST_WIDTH)
    return Range(math.exp(middle - width), math.exp(middle + width), count)


def _slopes(apart: Floats, asked: Floats) -> Floats:
    """What a unit of each column changes: a regression with Huber weights that starts from, and is
    held near, what is usual. The level is left free."""
    usual, spread = USUAL[: apart.shape[1]], USUAL_SPREAD[: apart.shape[1]]
    slopes = usual
    for _ in range(ROUNDS):
        rest = asked - apart @ slopes
        off = np.abs(rest - np.median(rest))
        sigma = max(MAD_TO_SIGMA * float(np.median(off)), LEAST_WIDTH)
        weights = np.minimum(1, HUBER * sigma / np.maximum(off, sigma / 100))
        weighed = weights[:, None] * apart
        total = weights.sum()
        centred = apart - weighed.sum(axis=0) / total
        held = np.diag((sigma / spread) ** 2)
        left = weighed.T @ centred + held
        right = weighed.T @ (asked - weights @ asked / total) + held @ usual
        slopes = np.linalg.solve(left, right)
    return slopes


def rounded(amount: float) -> Decimal:
    """A sum as it is worth saying: 4 137 → 4 150."""
    amount = max(amount, 1.0)
    unit = 10 ** max(math.floor(math.log10(amount)) - 2, 0)
    step = next((many * unit for many in (10, 5, 2) if many * unit <= amount * ROUNDED_TO), unit)
    return Decimal(round(amount / step) * step)
