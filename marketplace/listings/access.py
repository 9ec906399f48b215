"""Who may see or change which listing.

Views and the API fetch listings only through here. Anyone without access gets 404, not 403.
"""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.listings.models import Listing

PUBLIC = {Listing.Status.LIVE, Listing.Status.SOLD}


def own_listing(request: HttpRequest, code: str) -> Listing:
    """A listing of the signed-in seller. Raises Http404 for any other."""
    return get_object_or_404(Listing, code=code, seller=signed_in(request))


def visible_listing(request: HttpRequest, code: str) -> Listing:
    """A live or sold listing, or any listing for its seller and for moderators. Raises Http404."""
    listing = get_object_or_404(Listing.objects.select_related("make", "car_model", "seller"), code=code)
    if listing.status in PUBLIC:
        return listing
    user = request.user
    if isinstance(user, User) and (user.pk == listing.seller_id or user.is_moderator):
        return listing
    raise Http404
