"""What was asked for a car, and whether its price was lowered."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from marketplace.listings.models import PRICE_NEWS, Listing, PriceAsked


def price_note(*, listing: Listing) -> None:
    """Keep the price that buyers see from now on, and set whether it counts as lowered.

    It does if it is below the lowest price of the 30 days before, in the same currency: raising a
    price and lowering it again is no news. The caller holds the listing's lock and saves it.
    """
    if listing.price is None:
        return
    now = timezone.now()
    last = PriceAsked.objects.filter(listing=listing).last()
    if last is not None and (last.price, last.currency) == (listing.price, listing.currency):
        return
    lowest = _lowest(listing, now)
    lowered = lowest is not None and listing.price < lowest
    listing.price_before = lowest if lowered else None
    listing.price_lowered_at = now if lowered else None
    PriceAsked.objects.create(listing=listing, price=listing.price, currency=listing.currency, since=now)


def _lowest(listing: Listing, now: datetime) -> Decimal | None:
    """The lowest price asked within PRICE_NEWS; None without one in the listing's currency."""
    start = now - PRICE_NEWS
    lowest = None
    until = now
    for asked in PriceAsked.objects.filter(listing=listing).reverse():
        if until < start:
            break
        if asked.currency == listing.currency:
            lowest = asked.price if lowest is None else min(lowest, asked.price)
        until = asked.since
    return lowest
