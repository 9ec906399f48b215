"""What moderators take off the site, and bring back."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from marketplace.accounts.access import moderator
from marketplace.moderation.decisions import removal
from marketplace.moderation.decisions.records import DecisionRefused
from marketplace.moderation.forms import TakeDownForm
from marketplace.moderation.views.shared import reviewable


@login_required
@require_POST
def take_down(request: HttpRequest, code: str) -> HttpResponse:
    """Take a live listing off the site."""
    user = moderator(request)
    listing = reviewable(code)

    def do(form: TakeDownForm) -> str:
        data = form.cleaned_data
        removal.take_down(listing=listing, moderator=user, templates=data["template"], words=data["reason"])
        return _("%(code)s is off the site; its seller was told why.") % {"code": code}

    return _done(request, code, do)


@login_required
@require_POST
def put_back(request: HttpRequest, code: str) -> HttpResponse:
    """Bring a listing back that was taken down."""
    user = moderator(request)
    listing = reviewable(code)

    def do(form: TakeDownForm) -> str:
        removal.put_back(listing=listing, moderator=user)
        return _("%(code)s is where it was.") % {"code": code}

    return _done(request, code, do)


@login_required
@require_POST
def suspend(request: HttpRequest, code: str) -> HttpResponse:
    """Suspend the seller of a listing."""
    user = moderator(request)
    seller = reviewable(code).seller

    def do(form: TakeDownForm) -> str:
        went = removal.seller_suspend(seller=seller, moderator=user, reason=form.cleaned_data["reason"])
        words = ngettext(
            "%(who)s is suspended; %(cars)s car left the site.",
            "%(who)s is suspended; %(cars)s cars left the site.",
            went,
        )
        return words % {"who": seller, "cars": went}

    return _done(request, code, do)


@login_required
@require_POST
def end_suspension(request: HttpRequest, code: str) -> HttpResponse:
    """End the suspension of a listing's seller."""
    user = moderator(request)
    seller = reviewable(code).seller

    def do(form: TakeDownForm) -> str:
        back = removal.seller_restore(seller=seller, moderator=user)
        words = ngettext(
            "%(who)s is suspended no more; %(cars)s car is back.",
            "%(who)s is suspended no more; %(cars)s cars are back.",
            back,
        )
        return words % {"who": seller, "cars": back}

    return _done(request, code, do)


def _done(request: HttpRequest, code: str, do: Callable[[TakeDownForm], str]) -> HttpResponse:
    """Do it and say how that went, on the listing's page."""
    form = TakeDownForm(request.POST)
    if form.is_valid():
        try:
            messages.success(request, do(form))
        except DecisionRefused as refused:
            messages.error(request, str(refused))
    else:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
    return redirect("moderation:review", code=code)
