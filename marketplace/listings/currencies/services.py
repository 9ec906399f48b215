"""What a new rate changes: every price in that currency, in euros."""

from django.db import transaction

from marketplace.listings.currencies.models import ExchangeRate
from marketplace.listings.derived import prices_convert
from marketplace.listings.models import Listing


@transaction.atomic
def rate_set(*, rate: ExchangeRate) -> ExchangeRate:
    """Store a rate, and convert the prices in its currency anew. Raises ValidationError."""
    rate.full_clean()
    rate.save()
    prices_convert(Listing.objects.filter(currency=rate.currency))
    return rate


@transaction.atomic
def rate_remove(*, rate: ExchangeRate) -> None:
    """Remove a rate: the one before it counts again; without any, those prices are not compared."""
    rate.delete()
    prices_convert(Listing.objects.filter(currency=rate.currency))
