"""Reasons that lie in the seller, and in the price."""

from django.utils.translation import gettext_lazy as _

from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing, StatusChange
from marketplace.moderation.policy.models import PolicyVersion
from marketplace.moderation.reasons.registry import Reason, Values

PRICES_LEAST = 8
"""With fewer cars of the model there is no range to be out of."""
PRICE_FACTOR = 3
YEARS_APART = 3
PRICES_MOST = 200


def cars_approved(listing: Listing) -> int:
    """How many other cars of its seller were ever approved."""
    approved = StatusChange.objects.filter(listing__seller=listing.seller_id, step=StatusChange.Step.PUBLISH)
    return approved.exclude(listing=listing).values("listing").distinct().count()


def _new_seller(listing: Listing) -> Values | None:
    policy = PolicyVersion.objects.first()
    cars = cars_approved(listing)
    return {"cars": cars} if cars < (policy.seller_cars if policy else 1) else None


def _price(listing: Listing) -> Values | None:
    """The price against the median of the same model and about the same year, on sale here."""
    if listing.price is None or listing.car_model_id is None or listing.year is None:
        return None
    others = Listing.objects.filter(
        car_model=listing.car_model_id, currency=listing.currency, status__in=[*ON_SALE, Listing.Status.SOLD],
        year__range=(listing.year - YEARS_APART, listing.year + YEARS_APART), price__isnull=False,
    ).exclude(pk=listing.pk)  # fmt: skip
    found = others.order_by("-published_at").values_list("price", flat=True)[:PRICES_MOST]
    prices = sorted(price for price in found if price is not None)
    if len(prices) < PRICES_LEAST:
        return None
    middle = prices[len(prices) // 2]
    if middle / PRICE_FACTOR <= listing.price <= middle * PRICE_FACTOR:
        return None
    return {"price": f"{listing.price:.0f}", "usual": f"{middle:.0f}", "cars": len(prices)}


NEW_SELLER = Reason("new_seller", _("New seller: %(cars)s cars approved so far"), _new_seller, by_default=False)
PRICE = Reason(
    "price", _("Price out of range: %(price)s, usual for this model %(usual)s (of %(cars)s cars)"), _price, warns=True
)
