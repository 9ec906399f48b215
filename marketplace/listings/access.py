"""Who may see or change which listing.

Views and the API fetch listings only through here. Anyone without access gets 404, not 403.
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import GoneListing, Listing
from marketplace.listings.selectors import sold_at

PUBLIC = ON_SALE | {Listing.Status.SOLD}
SOLD_SHOWN = timedelta(days=30)
"""How long the page of a sold car stays."""


class ListingGone(Http404):
    """It was public once and is not any more; ``listing``: what its page may tell of it."""

    def __init__(self, listing: Listing | GoneListing) -> None:
        super().__init__()
        self.listing = listing


def own_listing(request: HttpRequest, code: str) -> Listing:
    """A listing of the signed-in seller that is not deleted. Raises Http404 for any other."""
    return get_object_or_404(_kept(), code=code, seller=signed_in(request))


def own_deleted(request: HttpRequest, code: str) -> Listing:
    """A listing that the signed-in seller deleted lately. Raises Http404 for any other."""
    return get_object_or_404(Listing, code=code, seller=signed_in(request), status=Listing.Status.DELETED)


def visible_listing(request: HttpRequest, code: str) -> Listing:
    """A listing on sale or sold lately, or any for its seller and for moderators. Raises Http404.

    A deleted one is there for nobody. Of what was public once the error is ListingGone.
    """
    listing = Listing.objects.select_related("make", "car_model", "seller").filter(code=code).first()
    if listing is None:
        gone = GoneListing.objects.select_related("make", "car_model").filter(code=code).first()
        raise Http404 if gone is None else ListingGone(gone)
    deleted, sold = (listing.status == status for status in (Listing.Status.DELETED, Listing.Status.SOLD))
    over = sold and timezone.now() - sold_at(listing) > SOLD_SHOWN
    if listing.status in PUBLIC and not over:
        return listing
    user = request.user
    if not deleted and isinstance(user, User) and (user.pk == listing.seller_id or user.is_moderator):
        return listing
    raise ListingGone(listing) if over or (deleted and listing.published_at is not None) else Http404


def _kept() -> QuerySet[Listing]:
    return Listing.objects.exclude(status=Listing.Status.DELETED)
