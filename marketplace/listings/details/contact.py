"""A seller's telephone number: shown to who presses for it, and counted."""

from django.db.models import F

from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing


def telephone_reveal(*, listing: Listing, counted: bool) -> str:
    """The number, if the listing is on sale and has one; else empty.

    counted: whether this is the first time that this visitor sees it, and not the seller.
    """
    offered = Listing.objects.filter(pk=listing.pk, status__in=ON_SALE).exclude(telephone="")
    if counted:
        offered.update(telephone_shown=F("telephone_shown") + 1)
    return offered.values_list("telephone", flat=True).first() or ""
