"""Who may touch what. Views and the API fetch objects only through here; strangers get 404, not 403."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from marketplace.accounts.models import User
from marketplace.listings.models import Listing

PUBLIC = {Listing.Status.LIVE, Listing.Status.SOLD}


def signed_in(request: HttpRequest) -> User:
    """The signed-in user. Views behind ``login_required`` call this to get the type right."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def own_listing(request: HttpRequest, code: str) -> Listing:
    """A listing of the signed-in seller."""
    return get_object_or_404(Listing, code=code, seller=signed_in(request))


def visible_listing(request: HttpRequest, code: str) -> Listing:
    """A listing that anyone may see, or one's own, or any for a moderator."""
    listing = get_object_or_404(Listing.objects.select_related("make", "car_model", "seller"), code=code)
    if listing.status in PUBLIC:
        return listing
    user = request.user
    if isinstance(user, User) and (user.pk == listing.seller_id or user.is_moderator):
        return listing
    raise Http404


def moderator(request: HttpRequest) -> User:
    """The signed-in moderator; everybody else is told that there is no such page."""
    user = signed_in(request)
    if not user.is_moderator:
        raise Http404
    return user
