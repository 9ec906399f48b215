"""Who may see or change which listing.

Views and the API fetch listings only through here. Anyone without access gets 404, not 403.
"""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing

PUBLIC = ON_SALE | {Listing.Status.SOLD}


def own_listing(request: HttpRequest, code: str) -> Listing:
    """A listing of the signed-in seller that is not deleted. Raises Http404 for any other."""
    return get_object_or_404(_kept(), code=code, seller=signed_in(request))


def own_deleted(request: HttpRequest, code: str) -> Listing:
    """A listing that the signed-in seller deleted lately. Raises Http404 for any other."""
    return get_object_or_404(Listing, code=code, seller=signed_in(request), status=Listing.Status.DELETED)


def visible_listing(request: HttpRequest, code: str) -> Listing:
    """A listing on sale or sold, or any for its seller and for moderators. Raises Http404.

    A deleted one is there for nobody.
    """
    listing = get_object_or_404(_kept().select_related("make", "car_model", "seller"), code=code)
    if listing.status in PUBLIC:
        return listing
    user = request.user
    if isinstance(user, User) and (user.pk == listing.seller_id or user.is_moderator):
        return listing
    raise Http404


def _kept() -> QuerySet[Listing]:
    return Listing.objects.exclude(status=Listing.Status.DELETED)
