"""The seller's pages about the life of a listing: all their cars, and one press for each step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.catalogue.names import name_key, name_words
from marketplace.listings.access import own_deleted, own_listing
from marketplace.listings.copies import listing_duplicate
from marketplace.listings.life import services
from marketplace.listings.life.steps import (
    KEEP_DELETED,
    ON_SALE,
    PAUSED,
    ListingRefused,
    Role,
    Status,
    Step,
    steps_open,
)
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_of
from marketplace.listings.services import APPROVED, EDITABLE, DraftsFull


class _Service(Protocol):
    def __call__(self, *, listing: Listing, by: User) -> None: ...


@dataclass(frozen=True)
class Press:
    """A step that a seller takes with one press."""

    service: _Service
    url: str
    label: Promise
    done: Promise
    """What the seller reads then; {title} is the car's, {days} how long it can be brought back."""
    danger: bool = False


PRESSES = {
    Step.RESERVE: Press(services.listing_reserve, "reserve", _("Reserve"), _("{title} is reserved; buyers see that.")),
    Step.UNRESERVE: Press(services.listing_unreserve, "unreserve", _("End reservation"), _("{title} is free again.")),
    Step.SELL: Press(
        services.listing_sell, "sold", _("Mark as sold"), _("{title} is marked as sold. Congratulations!")
    ),
    Step.UNSELL: Press(services.listing_unsell, "unsell", _("Not sold after all"), _("{title} is on sale again.")),
    Step.PUT_BACK: Press(services.listing_put_back, "put_back", _("Put back on sale"), _("{title} is on sale again.")),
    Step.RENEW: Press(services.listing_renew, "renew", _("Renew"), _("{title} is on sale for another 60 days.")),
    Step.WITHDRAW: Press(
        services.listing_withdraw, "withdraw", _("Withdraw"), _("{title} is withdrawn: nobody else can see it.")
    ),
    Step.TAKE_BACK: Press(
        services.listing_take_back,
        "take_back",
        _("Take back to edit"),
        _("{title} is a draft again: nobody else can see it."),
    ),
    Step.DELETE: Press(
        services.listing_delete,
        "delete",
        _("Delete"),
        _("{title} is deleted. For {days} days you can bring it back."),
        danger=True,
    ),
    Step.RESTORE: Press(services.listing_restore, "restore", _("Undo"), _("{title} is back, as it was.")),
}
"""In the order of the buttons."""

RENEW_OFFERED_DAYS = 14
APPEAL_LETTERS = 1000
FILTERS_FROM = 6
"""With fewer cars, filters are more to read than the cars."""
SEARCH_LETTERS = 120


class Group(NamedTuple):
    """Statuses that a seller looks for together."""

    label: Promise
    statuses: frozenset[Status]


GROUPS = {
    "on-sale": Group(_("On sale"), ON_SALE),
    "drafts": Group(_("To finish"), EDITABLE),
    "review": Group(_("In review"), frozenset({Status.SUBMITTED})),
    "ended": Group(_("Not shown"), PAUSED | {Status.TAKEN_DOWN}),
    "sold": Group(_("Sold"), frozenset({Status.SOLD})),
}


@dataclass(frozen=True)
class Button:
    """One press on the seller's page."""

    label: str
    url: str
    danger: bool


@dataclass(frozen=True)
class OwnCar:
    """A listing on its seller's page, and what can be done with it."""

    listing: Listing
    editable: bool
    appeal: bool
    """Whether the seller may say why a car that was taken down should come back."""
    buttons: list[Button]


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The seller's listings in every status; those deleted lately at the end.

    With many of them there are filters: ?state= (a key of GROUPS) and ?q= (words of the title).
    """
    cars = [_own_car(listing) for listing in listings_of(seller=signed_in(request))]
    kept = [car for car in cars if car.listing.status != Status.DELETED]
    state, words = request.GET.get("state", ""), name_words(request.GET.get("q", "")[:SEARCH_LETTERS])
    context = {
        "cars": [car for car in kept if _is_asked_for(car.listing, state, words)],
        "own": len(kept),
        "groups": [
            (key, group.label, count)
            for key, group in GROUPS.items()
            if (count := sum(car.listing.status in group.statuses for car in kept))
        ],
        "filtered": len(kept) >= FILTERS_FROM or bool(state or words),
        "state": state,
        "q": request.GET.get("q", "")[:SEARCH_LETTERS],
        "deleted": [car for car in cars if car.listing.status == Status.DELETED],
        "kept_days": KEEP_DELETED.days,
    }
    return render(request, "listings/mine.html", context)


def _is_asked_for(listing: Listing, state: str, words: list[str]) -> bool:
    key = name_key(f"{listing.title} {listing.code}")
    return (state not in GROUPS or listing.status in GROUPS[state].statuses) and all(word in key for word in words)


def _own_car(listing: Listing) -> OwnCar:
    possible = steps_open(listing=listing, role=Role.SELLER)
    buttons = [
        Button(str(press.label), reverse(f"listings:{press.url}", args=[listing.code]), press.danger)
        for step, press in PRESSES.items()
        if step in possible and _is_offered(step, listing)
    ]
    appeal = listing.status == Status.TAKEN_DOWN and services.appeal_open(listing=listing)
    return OwnCar(listing, Status(listing.status) in EDITABLE | APPROVED, appeal, buttons)


def _is_offered(step: Step, listing: Listing) -> bool:
    """Whether a possible step is worth a button among the others."""
    if step == Step.RENEW:
        return listing.days_left is None or listing.days_left <= RENEW_OFFERED_DAYS
    return True


def _view(step: Step) -> Callable[..., HttpResponse]:
    """A view that takes one step and returns to the seller's page."""
    press = PRESSES[step]

    @login_required
    @require_POST
    def view(request: HttpRequest, code: str) -> HttpResponse:
        listing = own_deleted(request, code) if step is Step.RESTORE else own_listing(request, code)
        try:
            press.service(listing=listing, by=signed_in(request))
        except ListingRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, str(press.done).format(title=listing.title, days=KEEP_DELETED.days))
        return redirect("listings:mine")

    return view


@login_required
@require_POST
def appeal(request: HttpRequest, code: str) -> HttpResponse:
    """The seller says why a car that was taken down should come back."""
    listing = own_listing(request, code)
    words = request.POST.get("words", "")[:APPEAL_LETTERS]
    try:
        services.listing_appeal(listing=listing, by=signed_in(request), words=words)
    except ListingRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("Another moderator looks at %(title)s.") % {"title": listing.title})
    return redirect("listings:mine")


@login_required
@require_POST
def duplicate(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an advertisement of a similar car."""
    try:
        copy = listing_duplicate(listing=own_listing(request, code), by=signed_in(request))
    except DraftsFull as error:
        messages.error(request, str(error))
        return redirect("listings:mine")
    messages.success(request, gettext("This is a copy without photos. Add those of this car."))
    return redirect("listings:edit", copy.code)


take_back = _view(Step.TAKE_BACK)
reserve = _view(Step.RESERVE)
unreserve = _view(Step.UNRESERVE)
sell = _view(Step.SELL)
unsell = _view(Step.UNSELL)
withdraw = _view(Step.WITHDRAW)
put_back = _view(Step.PUT_BACK)
renew = _view(Step.RENEW)
delete = _view(Step.DELETE)
restore = _view(Step.RESTORE)
