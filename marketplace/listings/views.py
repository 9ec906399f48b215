"""Visitors' pages: the search and a single listing."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.listings.access import visible_listing
from marketplace.listings.forms import BrowseForm
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_search

PER_PAGE = 24


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """Listings on sale: searched, filtered, sorted, in pages."""
    form = BrowseForm(request.GET)
    criteria = form.criteria()
    page = Paginator(listings_search(**criteria), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "searched": bool(criteria.keys() - {"sort"}),
        "narrowed": form.narrowed(),
        "left_out": form.left_out(),
    }
    return render(request, "listings/browse.html", context)


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
