"""Presses on a conversation's page that concern an offer. All lead back to that page."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketplace.accounts.access import signed_in
from marketplace.listings.life.services import listing_reserve
from marketplace.listings.life.steps import ListingRefused
from marketplace.trade.access import own_thread, thread_offer
from marketplace.trade.messages.forms import OfferForm
from marketplace.trade.models import Side, Thread
from marketplace.trade.offers.services import offer_accept, offer_decline, offer_make, offer_withdraw
from marketplace.trade.refusals import TradeRefused


@login_required
@require_POST
def make(request: HttpRequest, code: str) -> HttpResponse:
    """Offer a sum; the other side's open offer is answered by it."""
    thread, _side = own_thread(request, code)
    form = OfferForm(request.POST, currency=thread.listing.currency if thread.listing else "")
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["price"])))
        return _back(thread)
    price = form.cleaned_data["price"]
    return _done(request, thread, lambda: offer_make(thread=thread, by=signed_in(request), price=price))


@login_required
@require_POST
def accept(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Agree to the sum; with ``reserve`` the seller marks the car as reserved, too."""
    thread, _side = own_thread(request, code)
    offer = thread_offer(thread, pk)
    reserve = "reserve" in request.POST
    return _done(request, thread, lambda: offer_accept(offer=offer, by=signed_in(request), reserve=reserve))


@login_required
@require_POST
def decline(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say no."""
    thread, _side = own_thread(request, code)
    offer = thread_offer(thread, pk)
    return _done(request, thread, lambda: offer_decline(offer=offer, by=signed_in(request)))


@login_required
@require_POST
def withdraw(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take one's own sum back."""
    thread, _side = own_thread(request, code)
    offer = thread_offer(thread, pk)
    return _done(request, thread, lambda: offer_withdraw(offer=offer, by=signed_in(request)))


@login_required
@require_POST
def reserve(request: HttpRequest, code: str) -> HttpResponse:
    """The seller marks the car of this conversation as reserved."""
    thread, side = own_thread(request, code)
    listing = thread.listing
    if side is not Side.SELLER or listing is None:
        messages.error(request, _("Only the seller can do this."))
        return _back(thread)
    try:
        listing_reserve(listing=listing, by=signed_in(request))
    except ListingRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("{title} is reserved; buyers see that.").format(title=listing.title))
    return _back(thread)


def _done(request: HttpRequest, thread: Thread, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except TradeRefused as refused:
        messages.error(request, str(refused))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return _back(thread)


def _back(thread: Thread) -> HttpResponse:
    return redirect(f"{thread.get_absolute_url()}#newest")
