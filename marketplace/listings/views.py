"""The page of a single listing. The search is in ``search``."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.listings.access import visible_listing
from marketplace.listings.models import Listing


@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """One listing: public if it is on sale or sold, else for its seller and moderators only."""
    listing = visible_listing(request, code)
    context = {
        "listing": listing,
        "photos": list(listing.photos.all()),
        "is_owner": request.user.pk == listing.seller_id,
    }
    # For search engines; a person reads on the page that it is sold.
    status = 410 if listing.status == Listing.Status.SOLD and not context["is_owner"] else 200
    return render(request, "listings/detail.html", context, status=status)
