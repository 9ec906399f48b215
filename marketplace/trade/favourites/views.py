"""Hearts, saved cars, and the count of looks at a car."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.models import User
from marketplace.listings.access import visible_listing
from marketplace.listings.models import Listing
from marketplace.pages import is_htmx
from marketplace.trade.access import listing_on_sale
from marketplace.trade.favourites.cookies import SAVED, SEEN
from marketplace.trade.favourites.selectors import saved_codes, saved_listings
from marketplace.trade.favourites.services import (
    favourite_add,
    favourite_remove,
    favourites_forget_gone,
    view_count,
)


@require_POST
def save(request: HttpRequest, code: str) -> HttpResponse:
    """Save a car; nobody needs an account for it."""
    listing = listing_on_sale(request, code)
    answer = _heart(request, listing, saved=True)
    if isinstance(request.user, User):
        favourite_add(person=request.user, listing=listing)
    else:
        SAVED.write(answer, [listing.code, *(one for one in SAVED.read(request) if one != listing.code)])
    return answer


@require_POST
def forget(request: HttpRequest, code: str) -> HttpResponse:
    """Take a car off the saved ones."""
    listing = visible_listing(request, code)
    answer = _heart(request, listing, saved=False)
    if isinstance(request.user, User):
        favourite_remove(person=request.user, listing=listing)
    else:
        SAVED.write(answer, [one for one in SAVED.read(request) if one != listing.code])
    return answer


@never_cache
@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    """The saved cars, the last saved first; of those not on offer just how many."""
    codes = saved_codes(request)
    listings = saved_listings(codes=codes)
    return render(request, "trade/saved.html", {"listings": listings, "gone": len(codes) - len(listings)})


@require_POST
def forget_gone(request: HttpRequest) -> HttpResponse:
    """Forget the saved cars that are not on offer."""
    answer = redirect("trade:saved")
    if isinstance(request.user, User):
        favourites_forget_gone(person=request.user)
    else:
        SAVED.write(answer, [listing.code for listing in saved_listings(codes=SAVED.read(request))])
    return answer


# Counts and nothing else; a token would set a cookie for everybody who looks at a car.
@csrf_exempt
@require_POST
def seen(request: HttpRequest, code: str) -> HttpResponse:
    """A browser shows this car: counted once for its session, and never for its seller."""
    listing = listing_on_sale(request, code)
    answer = HttpResponse(status=204)
    before = SEEN.read(request)
    if listing.code not in before:
        view_count(listing=listing)
        SEEN.write(answer, [listing.code, *before])
    return answer


def _heart(request: HttpRequest, listing: Listing, *, saved: bool) -> HttpResponse:
    """The button anew (htmx), or the page from which it was pressed."""
    if is_htmx(request):
        context = {"listing": listing, "saved": saved, "next": request.POST.get("next", "")}
        return render(request, "trade/_heart_form.html", context)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "trade:saved"
    return redirect(back)
