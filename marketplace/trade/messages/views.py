"""Contacting a seller, the inbox, and one conversation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE, Status
from marketplace.listings.models import Listing
from marketplace.pages import is_htmx
from marketplace.sign_in import sign_in_first, typed_before, typed_forget
from marketplace.trade.access import listing_on_sale, own_thread
from marketplace.trade.messages.forms import ContactForm, MessageForm, OfferForm
from marketplace.trade.messages.rules import WORDS, Closed, contact_closed, thread_closed
from marketplace.trade.messages.selectors import (
    SHOWN_FIRST,
    inbox_rows,
    last_of,
    lines_of,
    offer_accepted,
    offer_open,
    thread_about,
    threads_of,
)
from marketplace.trade.messages.services import message_send, person_block, person_unblock, thread_begin, thread_seen
from marketplace.trade.models import Side, Thread
from marketplace.trade.offers.services import offer_make
from marketplace.trade.refusals import TradeRefused

PER_PAGE = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, code: str) -> HttpResponse:
    """Write to a listing's seller. What a visitor typed is kept while they sign in."""
    listing = listing_on_sale(request, code)
    here = reverse("trade:contact", args=[code])
    if not isinstance(request.user, User):
        typed = {name: request.POST.get(name, "") for name in ("text", "price")}
        return sign_in_first(request, then=here, name=f"contact:{code}", typed=typed)
    if request.method != "POST":
        form = ContactForm(currency=listing.currency, initial=typed_before(request, f"contact:{code}"))
        return _contact_page(request, listing, form)
    form = ContactForm(request.POST, currency=listing.currency)
    if form.is_valid():
        try:
            thread = _contact_send(listing, request.user, form.cleaned_data)
        except TradeRefused as refused:
            form.add_error(None, str(refused))
        else:
            typed_forget(request, f"contact:{code}")
            messages.success(request, _("Sent. The answer comes here, and we tell you by e-mail."))
            return redirect(thread)
    return _contact_page(request, listing, form, status=422)


@transaction.atomic
def _contact_send(listing: Listing, buyer: User, typed: dict[str, Any]) -> Thread:
    """The thread with the message, the offer or both in it: all of it, or nothing."""
    thread = thread_begin(listing=listing, buyer=buyer)
    if typed["text"]:
        message_send(thread=thread, by=buyer, text=typed["text"])
    if typed["price"] is not None:
        offer_make(thread=thread, by=buyer, price=typed["price"])
    return thread


def _contact_page(request: HttpRequest, listing: Listing, form: ContactForm, status: int = 200) -> HttpResponse:
    buyer = signed_in(request)
    closed = contact_closed(listing, buyer)
    context = {
        "listing": listing,
        "form": form,
        "thread": thread_about(listing_id=listing.pk, buyer=buyer),
        "closed": WORDS[closed] if closed else "",
    }
    return render(request, "trade/contact.html", context, status=status)


@login_required
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """A person's conversations, the last changed first; ``?car=`` only about one."""
    person = signed_in(request)
    car = request.GET.get("car", "")
    page = Paginator(threads_of(person=person, about=car), PER_PAGE).get_page(request.GET.get("page"))
    rows = inbox_rows(threads=list(page), person=person)
    return render(request, "trade/inbox.html", {"page": page, "rows": rows, "car": car})


@login_required
@never_cache
@require_safe
def thread(request: HttpRequest, code: str) -> HttpResponse:
    """One conversation. What it shows counts as read."""
    row, side = own_thread(request, code)
    form = MessageForm(initial=typed_before(request, f"thread:{code}"))
    return _thread_page(request, row, side, form)


@never_cache
@require_POST
def send(request: HttpRequest, code: str) -> HttpResponse:
    """Write in a conversation."""
    here = reverse("trade:thread", args=[code])
    if not isinstance(request.user, User):
        return sign_in_first(request, then=here, name=f"thread:{code}", typed={"text": request.POST.get("text", "")})
    row, side = own_thread(request, code)
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            message_send(thread=row, by=request.user, text=form.cleaned_data["text"])
        except TradeRefused as refused:
            form.add_error(None, str(refused))
        else:
            typed_forget(request, f"thread:{code}")
            if not is_htmx(request):
                return redirect(f"{here}#newest")
            return _thread_part(request, row, side, MessageForm())
    if is_htmx(request):
        return _thread_part(request, row, side, form, status=422)
    return _thread_page(request, row, side, form, status=422)


@never_cache
@require_safe
def news(request: HttpRequest, code: str) -> HttpResponse:
    """What is new after the message ``?after=``, for the open page (htmx); 204 if nothing is."""
    if not isinstance(request.user, User):
        return HttpResponse(status=401)  # the page stays as it is, with what is being typed
    row, side = own_thread(request, code)
    if str(last_of(thread=row)) == request.GET.get("after"):
        return HttpResponse(status=204)
    return render(request, "trade/_lines.html", _shown(request, row, side))


@login_required
@require_POST
def block(request: HttpRequest, code: str) -> HttpResponse:
    """Hear no more from the other person."""
    row, _side = own_thread(request, code)
    person_block(thread=row, by=signed_in(request))
    messages.success(request, _("Blocked. Neither of you can write to the other."))
    return redirect(row)


@login_required
@require_POST
def unblock(request: HttpRequest, code: str) -> HttpResponse:
    """Undo ``block``."""
    row, _side = own_thread(request, code)
    person_unblock(thread=row, by=signed_in(request))
    messages.success(request, _("You can write to each other again."))
    return redirect(row)


def _thread_page(
    request: HttpRequest, row: Thread, side: Side, form: MessageForm, status: int = 200
) -> HttpResponse:  # fmt: skip
    return render(request, "trade/thread.html", {**_shown(request, row, side), "form": form}, status=status)


def _thread_part(
    request: HttpRequest, row: Thread, side: Side, form: MessageForm, status: int = 200
) -> HttpResponse:  # fmt: skip
    context = {**_shown(request, row, side), "form": form}
    return render(request, "trade/_conversation.html", context, status=status)


def _shown(request: HttpRequest, row: Thread, side: Side) -> dict[str, Any]:
    """What a conversation's page shows; the messages among it count as read from now on."""
    everything = "all" in request.GET
    lines = lines_of(thread=row, side=side, everything=everything)
    last = lines[-1].message.pk if lines else 0
    thread_seen(thread=row, side=side, last=last)
    closed = thread_closed(row, side)
    listing = row.listing
    offer = offer_open(thread=row)
    return {
        "thread": row,
        "side": side,
        "other": row.party(side.other),
        "lines": lines,
        "last": last,
        "earlier": not everything and len(lines) == SHOWN_FIRST,
        "closed": WORDS[closed] if closed else "",
        "you_blocked": closed is Closed.YOU_BLOCKED,
        "listing": listing if listing and _can_open(listing, side) else None,
        "offer": offer,
        "offer_mine": offer is not None and offer.by == side,
        "can_offer": closed is None and listing is not None and listing.status in ON_SALE,
        "offer_form": OfferForm(currency=listing.currency) if listing else None,
        "can_reserve": side is Side.SELLER
        and listing is not None
        and listing.status == Status.LIVE
        and offer_accepted(thread=row) is not None,
    }


def _can_open(listing: Listing, side: Side) -> bool:
    """Whether this side finds a page at the listing's address."""
    own = side is Side.SELLER and listing.status != Status.DELETED
    return own or listing.status in ON_SALE | {Status.SOLD}
