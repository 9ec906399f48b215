"""Cars like another one: of its model first, then of its body, price and age."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import CHOICES
from marketplace.listings.search.matching import with_all_shown
from marketplace.listings.search.stock.columns import CENTS, UNKNOWN, Stock

MOST_SIMILAR = 6
# How far apart counts as much: doubling the price, so many years, so many kilometres.
YEARS, KILOMETRES = 8, 150_000
PRICE_APART, YEARS_APART = 0.35, 4  # of a car of another model: share of the price, years
UNLIKE = 0.5  # what is not known of one of the two counts as so far apart


class Likeness(NamedTuple):
    """What similar cars are looked for by; 0, "" or None where it is not known."""

    listing: int
    model: int
    body: str
    price: float | None
    """In euros."""
    year: int | None
    mileage: int | None

    @classmethod
    def of(cls, listing: Listing) -> Likeness:
        price = None if listing.price_eur is None else float(listing.price_eur)
        return cls(
            listing.pk, listing.car_model_id or 0, listing.body, price, listing.year, listing.mileage_km
        )  # fmt: skip


def similar_ids(stock: Stock, like: Likeness, *, without: frozenset[int] = frozenset()) -> list[int]:
    """The ids of the most similar cars, nearest first. without: other cars that are not wanted."""
    leave_out = np.array([like.listing, *without], dtype=np.int64)
    same = np.flatnonzero(stock.column("model") == like.model) if like.model else np.array([], np.int64)
    found = _nearest(stock, same[stock.column("alive")[same]], like, leave_out)
    if len(found) < MOST_SIMILAR and like.body and like.price and like.year:
        near = _comparable(stock, like)
        found += _nearest(stock, near, like, np.concatenate([leave_out, np.array(found, np.int64)]))
    return found[:MOST_SIMILAR]


def listings_shown(ids: list[int]) -> list[Listing]:
    """These cars as cards show them, in this order; without those that are gone meanwhile."""
    rows = {row.pk: row for row in with_all_shown(Listing.objects.filter(pk__in=ids))} if ids else {}
    return [rows[pk] for pk in ids if pk in rows]


def _comparable(stock: Stock, like: Likeness) -> NDArray[np.int64]:
    """Cars of the same body, of about this price and age, whichever model."""
    price, year = (like.price or 0) * CENTS, like.year or 0
    body = CHOICES["body"].values.index(like.body) + 1
    return np.flatnonzero(
        stock.column("alive")
        & (stock.column("body") == body)
        & (np.abs(stock.column("price") - price) <= PRICE_APART * price)
        & (np.abs(stock.column("year") - year) <= YEARS_APART)
    )


def _nearest(stock: Stock, slots: NDArray[np.int64], like: Likeness, leave_out: NDArray[np.int64]) -> list[int]:
    slots = slots[~np.isin(stock.column("id")[slots], leave_out)]
    far = np.zeros(len(slots))
    price = stock.column("price")[slots].astype(float) / CENTS
    known = price > 0
    far += np.where(known, np.abs(np.log2(np.where(known, price, 1) / like.price)), UNLIKE) if like.price else 0
    for column, own, unit in (("year", like.year, YEARS), ("mileage", like.mileage, KILOMETRES)):
        values = stock.column(column)[slots].astype(float)
        far += np.where(values != UNKNOWN, np.abs(values - own) / unit, UNLIKE) if own is not None else 0
    ids = stock.column("id")[slots]
    order = np.lexsort((-ids, far))[:MOST_SIMILAR]
    return [int(one) for one in ids[order]]
