"""The grid: one car, many listings, one press."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.moderation.decisions.undo import undoable_last
from marketplace.moderation.grid.forms import AcceptForm, GridForm
from marketplace.moderation.grid.selectors import THRESHOLD, THRESHOLDS, groups, tiles
from marketplace.moderation.grid.services import Accepted, grid_accept
from marketplace.moderation.selectors import Car, decided_today
from marketplace.moderation.views.shared import SkipList, counts

TAKEN_OUT = SkipList("grid_taken_out")
"""What a moderator clicked out: it is for the desk, and would be in their way here."""


@login_required
@require_GET
def grid(request: HttpRequest) -> HttpResponse:
    """The chosen car's listings (``?car=make:model&at=90``), or the cars that can be chosen."""
    user = moderator(request)
    form = GridForm(request.GET)
    values: Mapping[str, Any] = form.cleaned_data if form.is_valid() else {"at": THRESHOLD}
    make, car_model = values.get("make"), values.get("car_model")
    out = TAKEN_OUT.of(request)
    found = groups(moderator=user, percent=values["at"], skip=out)
    shown, total = (
        tiles(moderator=user, make=make, car_model=car_model, percent=values["at"], skip=out)
        if make and car_model
        else ([], 0)
    )
    last = undoable_last(moderator=user)
    context = {
        "car": Car(make, car_model) if make and car_model else None,
        "percent": values["at"],
        "thresholds": THRESHOLDS,
        "groups": found,
        "tiles": shown,
        "total": total,
        "doubtful": sum(tile.doubtful for tile in shown),
        "taken_out": len(out),
        "undoable": last if last and last.batch else None,
        "decided_today": decided_today(moderator=user),
        **counts(),
    }
    return render(request, "moderation/grid.html", context)


@login_required
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Decide about all that was left in, and show what comes next."""
    user = moderator(request)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("moderation:grid")
    values = form.cleaned_data
    kept = {pick.code for pick in values["take"]}
    for pick in values["shown"]:
        if pick.code not in kept:
            TAKEN_OUT.add(request, pick.code)
    make, car_model = values["make"], values["car_model"]
    done = grid_accept(
        moderator=user, picks=values["take"], make=make, car_model=car_model, seconds=values["seconds"]
    )  # fmt: skip
    _tell(request, done, car=f"{make} {car_model}")
    query = urlencode({"car": f"{make.pk}:{car_model.pk}", "at": values["at"]})
    return redirect(f"{reverse('moderation:grid')}?{query}")


def _tell(request: HttpRequest, done: Accepted, *, car: str) -> None:
    number = len(done.decisions)
    if number or not done.refused:
        said = ngettext("%(n)s listing is live as %(car)s.", "%(n)s listings are live as %(car)s.", number)
        messages.success(request, said % {"n": number, "car": car})
    for code, words in done.refused:
        messages.error(request, _("%(code)s is left as it is. %(words)s") % {"code": code, "words": words})
