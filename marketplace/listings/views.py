"""The page of a single listing. The search is in ``search``."""

from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from marketplace.listings.access import PUBLIC, ListingGone, visible_listing
from marketplace.listings.details.contact import telephone_reveal
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.market.selectors import around, similar_to_gone
from marketplace.listings.models import Listing
from marketplace.listings.structured import as_script, car_data
from marketplace.pages import is_htmx

SEEN_NUMBERS = "telephones"  # in the session: codes of the listings whose number this visitor has
SEEN_MOST = 500


@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """One listing: public if it is on sale or sold lately, else for its seller and moderators.

    What was public and is no longer has a page that says so (410).
    """
    try:
        listing = visible_listing(request, code)
    except ListingGone as gone:
        context = {"gone": gone.listing, "similar": similar_to_gone(gone.listing)}
        return render(request, "listings/gone.html", context, status=410)
    return _detail(request, listing)


@require_POST
def telephone(request: HttpRequest, code: str) -> HttpResponse:
    """The seller's number; counted once for each visitor, and not for the seller."""
    listing = visible_listing(request, code)
    seen: list[str] = request.session.get(SEEN_NUMBERS, [])
    fresh = listing.code not in seen
    is_owner = request.user.pk == listing.seller_id
    if fresh and not is_owner and not ratelimit.consume(request, action="telephone"):
        shown: dict[str, Any] = {"too_often": True}
    else:
        shown = {"telephone": telephone_reveal(listing=listing, counted=fresh and not is_owner)}
        request.session[SEEN_NUMBERS] = [*seen, listing.code][-SEEN_MOST:] if fresh else seen
    if is_htmx(request):
        return render(request, "listings/_telephone.html", {"listing": listing, "on_sale": ON_SALE, **shown})
    return _detail(request, listing, **shown)


def _detail(request: HttpRequest, listing: Listing, **shown: Any) -> HttpResponse:
    photos = list(listing.photos.all())
    address = request.build_absolute_uri(listing.get_absolute_url())
    pictures = [request.build_absolute_uri(photo.file.url) for photo in photos if photo.file]
    public = listing.status in PUBLIC
    context = {
        "address": address,
        "picture": pictures[0] if pictures else "",
        "structured": as_script(car_data(listing, address=address, pictures=pictures)) if public else "",
        "listing": listing,
        "photos": photos,
        "is_owner": request.user.pk == listing.seller_id,
        "on_sale": ON_SALE,
        "around": around(listing) if public else None,
        **shown,
    }
    return render(request, "listings/detail.html", context)
