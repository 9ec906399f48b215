"""Pages about the catalogue: an operator merges, renames and adds; a moderator proposes."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from marketplace.accounts.access import moderator, permitted
from marketplace.catalogue import merging
from marketplace.catalogue.merging import CatalogueRefused
from marketplace.catalogue.models import CatalogueMerge
from marketplace.catalogue.selectors import car_find, make_find
from marketplace.listings.models import Listing
from marketplace.moderation.catalogue.forms import MergeForm, ProposalForm, ProposeForm, RenameForm
from marketplace.moderation.catalogue.services import (
    makes_merge,
    merge_take_back,
    models_merge,
    proposal_add,
    proposal_alias,
    proposal_make,
    proposal_refuse,
)
from marketplace.moderation.models import ModelProposal

KEEPS = "catalogue.change_carmodel"
MERGES_SHOWN = 20


@login_required
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """Proposals that wait, and the forms to merge and rename."""
    permitted(request, KEEPS)
    return _page(request)


@login_required
@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    """Merge two makes or models; first it is shown what would follow."""
    user = permitted(request, KEEPS)
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _page(request, merge=form, status=422)
    this, into = form.cleaned_data["this"], form.cleaned_data["into"]
    if not form.cleaned_data["sure"]:
        found = Listing.objects.filter(car_model=this[1]) if this[1] else Listing.objects.filter(make=this[0])
        return _page(request, merge=form, preview={"this": _name(this), "into": _name(into), "n": found.count()})

    def do() -> str:
        if this[1]:
            made = models_merge(car_model=this[1], into=into[1], by=user)
        else:
            made = makes_merge(make=this[0], into=into[0], by=user)
        followed = len(made.listings)
        words = ngettext(
            "%(this)s is another name of %(into)s now; %(n)s listing followed.",
            "%(this)s is another name of %(into)s now; %(n)s listings followed.",
            followed,
        )
        return words % {"this": _name(this), "into": _name(into), "n": followed}

    return _done(request, do)


@login_required
@require_POST
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    user = permitted(request, KEEPS)
    made = get_object_or_404(CatalogueMerge, pk=pk)

    def do() -> str:
        merge_take_back(merge=made, by=user)
        return _("%(name)s is one of its own again.") % {"name": made.make or made.car_model}

    return _done(request, do)


@login_required
@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    """Give a make or model another name."""
    user = permitted(request, KEEPS)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _page(request, rename=form, status=422)
    (make, car_model), name = form.cleaned_data["which"], form.cleaned_data["name"]
    before = _name((make, car_model))

    def do() -> str:
        if car_model:
            merging.model_rename(car_model=car_model, name=name, by=user)
        else:
            merging.make_rename(make=make, name=name, by=user)
        return _("%(before)s is called %(name)s now.") % {"before": before, "name": name}

    return _done(request, do)


@login_required
@require_POST
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """Add what a moderator proposed, say what it is already, or refuse it."""
    user = permitted(request, KEEPS)
    one = get_object_or_404(ModelProposal, pk=pk)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _words(form))
        return redirect("moderation:catalogue")
    values = form.cleaned_data

    def do() -> str:
        if values["what"] == "refuse":
            proposal_refuse(proposal=one, by=user)
            return _("%(name)s is refused.") % {"name": one}
        if values["what"] == "alias":
            proposal_alias(proposal=one, car_model=values["same"][1], by=user)
            return _("%(name)s is another name of %(car)s now.") % {"name": one, "car": _name(values["same"])}
        known = make_find(values["make"])
        added = proposal_add(proposal=one, make=known, make_name=values["make"], name=values["name"], by=user)
        return _("%(car)s is in the catalogue.") % {"car": f"{added.make} {added}"}

    return _done(request, do)


@login_required
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    """A moderator proposes a model that the catalogue lacks (``?q=`` what they searched for)."""
    user = moderator(request)
    if request.method == "GET":
        text = request.GET.get("q", "")[:170].strip()
        found = car_find(text)
        make = str(found[0]) if found else text.partition(" ")[0]
        rest = _after(text, make) if found else text.partition(" ")[2]
        form = ProposeForm(initial={"make": make, "name": rest, "listing": request.GET.get("listing", "")[:12]})
        return render(request, "moderation/propose.html", {"form": form})
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return render(request, "moderation/propose.html", {"form": form}, status=422)
    values = form.cleaned_data
    try:
        made = proposal_make(make=values["make"], name=values["name"], by=user, listing_code=values["listing"])
    except CatalogueRefused as refused:
        form.add_error(None, str(refused))
        return render(request, "moderation/propose.html", {"form": form}, status=422)
    messages.success(request, _("%(name)s is proposed: an operator decides.") % {"name": made})
    if values["listing"]:
        return redirect("moderation:review", code=values["listing"])
    return redirect("moderation:next")


def _page(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    context = {
        "proposals": ModelProposal.objects.filter(status=ModelProposal.Status.OPEN).select_related("make", "by"),
        "merges": CatalogueMerge.objects.select_related(
            "make", "car_model__make", "into_make", "into_model__make", "by", "undone_by"
        )[:MERGES_SHOWN],
        "merge": given.get("merge") or MergeForm(),
        "rename": given.get("rename") or RenameForm(),
        "preview": given.get("preview"),
    }
    return render(request, "moderation/catalogue.html", context, status=status)


def _done(request: HttpRequest, do: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, do())
    except CatalogueRefused as refused:
        messages.error(request, str(refused))
    return redirect("moderation:catalogue")


def _words(form: forms.Form) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def _name(found: tuple[Any, Any]) -> str:
    return " ".join(str(part) for part in found if part)


def _after(text: str, make: str) -> str:
    """What follows the make in what was typed: as many words as it has."""
    return " ".join(text.split()[len(make.split()) :])
