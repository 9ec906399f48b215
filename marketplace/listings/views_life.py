"""The seller's pages about the life of a listing: all their cars, and one press for each step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.listings.access import own_deleted, own_listing
from marketplace.listings.life import services
from marketplace.listings.life.steps import KEEP_DELETED, ListingRefused, Role, Status, Step, steps_open
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_of
from marketplace.listings.services import APPROVED, EDITABLE


class _Service(Protocol):
    def __call__(self, *, listing: Listing, by: User) -> None: ...


@dataclass(frozen=True)
class Press:
    """A step that a seller takes with one press."""

    service: _Service
    url: str
    label: str
    done: str
    """What the seller reads then; {title} is the car's."""
    danger: bool = False


PRESSES = {
    Step.RESERVE: Press(services.listing_reserve, "reserve", "Reserve", "{title} is reserved; buyers see that."),
    Step.UNRESERVE: Press(services.listing_unreserve, "unreserve", "End reservation", "{title} is free again."),
    Step.SELL: Press(
        services.listing_sell, "sold", "Mark as sold", "{title} is marked as sold. Congratulations!"
    ),
    Step.UNSELL: Press(services.listing_unsell, "unsell", "Not sold after all", "{title} is on sale again."),
    Step.PUT_BACK: Press(services.listing_put_back, "put_back", "Put back on sale", "{title} is on sale again."),
    Step.RENEW: Press(services.listing_renew, "renew", "Renew", "{title} is on sale for another 60 days."),
    Step.WITHDRAW: Press(
        services.listing_withdraw, "withdraw", "Withdraw", "{title} is withdrawn: nobody else can see it."
    ),
    Step.TAKE_BACK: Press(
        services.listing_take_back, "take_back", "Change car or photos",
        "{title} is a draft again: nobody else can see it.",
    ),
    Step.DELETE: Press(
        services.listing_delete, "delete", "Delete",
        f"{{title}} is deleted. For {KEEP_DELETED.days} days you can bring it back.", danger=True,
    ),
    Step.RESTORE: Press(services.listing_restore, "restore", "Undo", "{title} is back, as it was."),
}  # fmt: skip
"""In the order of the buttons."""

RENEW_OFFERED_DAYS = 14
APPEAL_LETTERS = 1000


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
    """The seller's listings in every status; those deleted lately at the end."""
    cars = [_own_car(listing) for listing in listings_of(seller=signed_in(request))]
    context = {
        "cars": [car for car in cars if car.listing.status != Status.DELETED],
        "deleted": [car for car in cars if car.listing.status == Status.DELETED],
        "kept_days": KEEP_DELETED.days,
    }
    return render(request, "listings/mine.html", context)


def _own_car(listing: Listing) -> OwnCar:
    possible = steps_open(listing=listing, role=Role.SELLER)
    buttons = [
        Button(_label(step, listing), reverse(f"listings:{press.url}", args=[listing.code]), press.danger)
        for step, press in PRESSES.items()
        if step in possible and _is_offered(step, listing)
    ]
    appeal = listing.status == Status.TAKEN_DOWN and services.appeal_open(listing=listing)
    return OwnCar(listing, Status(listing.status) in EDITABLE | APPROVED, appeal, buttons)


def _is_offered(step: Step, listing: Listing) -> bool:
    """Whether a possible step is worth a button among the others."""
    if step == Step.RENEW:
        return listing.days_left is None or listing.days_left <= RENEW_OFFERED_DAYS
    if step == Step.TAKE_BACK:
        return listing.status == Status.SUBMITTED  # else on the form, beside what needs no review
    return True


def _label(step: Step, listing: Listing) -> str:
    if step == Step.TAKE_BACK and listing.status == Status.SUBMITTED:
        return "Take back to edit"
    return PRESSES[step].label


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
            messages.success(request, press.done.format(title=listing.title))
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
        messages.success(request, _("Another moderator looks at %(title)s.") % {"title": listing.title})
    return redirect("listings:mine")


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
