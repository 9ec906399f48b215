"""The cars that a price is compared with: those on sale, from memory, and those sold lately."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.utils import timezone

from marketplace.listings.currencies.rates import exchange_to
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.market.pricing import Cars, Place, Typical, typical_range
from marketplace.listings.models import Listing
from marketplace.listings.search.stock.columns import CENTS, UNKNOWN, Stock
from marketplace.listings.search.stock.loading import stock_now

SOLD_WITHIN = timedelta(days=90)
"""How long what a sold car was last asked for still counts."""


class PricePlaced(NamedTuple):
    """A car's price among those of comparable cars, in the seller's currency."""

    typical: Typical
    place: Place
    suspicious: bool


def price_placed(listing: Listing, stock: Stock) -> PricePlaced | None:
    """For a car on sale; None if something is not known of it, or there are too few to compare."""
    if listing.status not in ON_SALE or listing.price is None or not listing.price_eur:
        return None
    # Its own two sums tell the rate that it was converted by: no query.
    per_euro = listing.price / listing.price_eur
    typical = None if listing.mileage_km is None else _typical(listing, stock, per_euro)
    if typical is None:
        return None
    return PricePlaced(typical, typical.place(listing.price), typical.suspicious(listing.price))


def typical_hint(listing: Listing) -> Typical | None:
    """For its seller, as soon as model and year are known; in the currency that they chose."""
    if listing.car_model_id is None or listing.year is None:
        return None
    rate = exchange_to(listing.currency).per_euro
    if rate is None:
        return None
    with stock_now() as stock:
        return _typical(listing, stock, rate)


def _typical(listing: Listing, stock: Stock, per_euro: Decimal) -> Typical | None:
    if listing.car_model_id is None or listing.year is None:
        return None
    cars = cars_of(stock, model=listing.car_model_id, without=listing.pk)
    found = typical_range(cars, year=listing.year, mileage=listing.mileage_km)
    return found and found.in_currency(per_euro)


def cars_of(stock: Stock, *, model: int, without: int = 0) -> Cars:
    """Prices of a model's cars, but for one car. None of them lacks price or year."""
    slots = np.flatnonzero(stock.column("model") == model)
    known = (stock.column("price")[slots] > 0) & (stock.column("year")[slots] != UNKNOWN)
    slots = slots[known & stock.column("alive")[slots] & (stock.column("id")[slots] != without)]
    offered = np.stack([stock.column(name)[slots].astype(float) for name in ("price", "year", "mileage")])
    offered[0] /= CENTS
    offered[2][offered[2] == UNKNOWN] = np.nan
    return Cars(*np.concatenate([offered, _sold(model, without)], axis=1))


def _sold(model: int, without: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What the cars sold lately were last asked for: shape (3, N), as Cars."""
    since = timezone.now() - SOLD_WITHIN
    rows = (
        # ``updated_at`` for the index; the history for the moment.
        Listing.objects.filter(status=Listing.Status.SOLD, car_model=model, updated_at__gte=since)
        .filter(changes__after=Listing.Status.SOLD, changes__at__gte=since, price_eur__gt=0, year__isnull=False)
        .exclude(pk=without)
        .distinct()
        .values_list("pk", "price_eur", "year", "mileage_km")
    )
    sold = [(float(price), year, np.nan if km is None else km) for _pk, price, year, km in rows if price]
    return np.array(sold, dtype=np.float64).reshape(-1, 3).T
