"""A model at a glance: what is on sale of it, by year, with what is asked and a picture."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.currencies.models import rates_now
from marketplace.listings.market.pricing import rounded
from marketplace.listings.market.similar import listings_shown
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import BASE_CURRENCY, Criteria, Range
from marketplace.listings.search.stock.columns import CENTS, UNKNOWN, Stock
from marketplace.listings.search.stock.loading import stock_now

LEAST_PRICES = 3
"""Of a year with fewer cars no typical price is told: it would be one car's."""


class Prices(NamedTuple):
    """In the visitor's currency."""

    low: Decimal
    high: Decimal


class Year(NamedTuple):
    """The cars of one year."""

    year: int
    cars: int
    typical: Prices | None
    """Between what the middle half of them is asked for."""
    car: Listing | None
    """One of them, for its picture."""
    url: str


class ModelAtAGlance(NamedTuple):
    """One model's cars on sale."""

    cars: int
    prices: Prices | None
    """The lowest and the highest."""
    years: list[Year]
    """Newest first; cars without a year are in none."""
    currency: str


def model_at_a_glance(criteria: Criteria) -> ModelAtAGlance | None:
    """For a search that asks for one model and nothing else; None for others, and without cars."""
    if len(criteria.models) != 1 or replace(criteria, sort="newest", currency=BASE_CURRENCY) != Criteria(
        models=criteria.models
    ):
        return None
    per_euro = float(rates_now().get(criteria.currency, Decimal(1)))
    with stock_now() as stock:
        slots = np.flatnonzero(stock.column("model") == criteria.models[0].pk)
        slots = slots[stock.column("alive")[slots]]
        if not len(slots):
            return None
        prices = stock.column("price")[slots].astype(float) / CENTS * per_euro
        years = stock.column("year")[slots]
        newest = _newest(stock, slots, years)
    pictured = {car.pk: car for car in listings_shown(list(newest.values()))}
    known = prices[prices > 0]
    return ModelAtAGlance(
        len(slots),
        Prices(rounded(known.min()), rounded(known.max())) if len(known) else None,
        [
            Year(
                year,
                int((years == year).sum()),
                _typical(prices[(years == year) & (prices > 0)]),
                pictured.get(newest[year]),
                criteria.with_range("year", Range(year, year)).url(),
            )
            for year in sorted(newest, reverse=True)
        ],
        criteria.currency,
    )


def _newest(stock: Stock, slots: NDArray[np.int64], years: NDArray[Any]) -> dict[int, int]:
    """Per year the id of the car that came last."""
    order = np.argsort(stock.column("published")[slots], kind="stable")
    return {int(years[place]): int(stock.column("id")[slots[place]]) for place in order if years[place] != UNKNOWN}


def _typical(prices: NDArray[np.float64]) -> Prices | None:
    if len(prices) < LEAST_PRICES:
        return None
    low, high = np.quantile(prices, (0.25, 0.75))
    return Prices(rounded(low), rounded(high))
