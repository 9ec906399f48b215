"""A sum in another currency, for reading beside the seller's own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest

from marketplace.accounts.models import User
from marketplace.listings.currencies.models import ExchangeRate
from marketplace.listings.models import Listing

FIGURES = 3  # of a converted sum: more would promise a precision that no rate has


@dataclass(frozen=True)
class Exchange:
    """Converts into one currency."""

    currency: str
    per_euro: Decimal | None
    """None if no rate of it is known."""

    def of(self, listing: Listing) -> Decimal | None:
        """The price in this currency, rounded; None if it is the seller's own, or unknown."""
        if listing.currency == self.currency or listing.price_eur is None or self.per_euro is None:
            return None
        value = listing.price_eur * self.per_euro
        return value.quantize(Decimal(1).scaleb(max(value.adjusted() - FIGURES + 1, 0)))


def exchange_to(currency: str) -> Exchange:
    """Converts into this currency by its newest rate."""
    rate = ExchangeRate.objects.filter(currency=currency).order_by("-since").first()
    return Exchange(currency, rate.per_euro if rate else None)


def exchange_of(request: HttpRequest) -> Exchange | None:
    """Converts into the currency of the visitor's profile; None if it names none.

    Kept with the request, because every car of a page asks.
    """
    if not isinstance(request.user, User) or not request.user.currency:
        return None
    kept: Exchange | None = getattr(request, "exchange", None)
    if kept is None:
        kept = exchange_to(request.user.currency)
        request.exchange = kept  # type: ignore[attr-defined]
    return kept
