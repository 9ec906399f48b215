"""The seller's pages on which a listing is written and submitted. Its life: ``views_life``."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.catalogue.search import cars_search
from marketplace.listings.access import own_listing
from marketplace.listings.details.questions import Question, questions_open
from marketplace.listings.forms import ListingForm, OfferForm
from marketplace.listings.guesses import guess_of
from marketplace.listings.market.comparables import typical_hint
from marketplace.listings.models import Listing
from marketplace.listings.newer import listing_update_unless_newer, tokens_of, tokens_read, tokens_text
from marketplace.listings.script_words import save_words
from marketplace.listings.selectors import body_suggestion_of, car_version, colour_suggestion_of, drafts_of
from marketplace.listings.services import (
    APPROVED,
    EDITABLE,
    LOOKS,
    DraftsFull,
    ListingQuestioned,
    ListingRefused,
    listing_create,
    listing_missing,
    listing_submit,
)
from marketplace.listings.unsent import form_again, keeps_what_was_typed, kept_as, posted_of
from marketplace.pages import is_htmx
from marketplace.sign_in import typed_forget


class Told(NamedTuple):
    """What the page is told of a field after saving."""

    name: str
    line: str
    """What is wrong; empty: nothing."""
    theirs: Any = None
    """What another window stored instead; None: nothing did."""


class Stored(NamedTuple):
    """What became of a post."""

    form: ListingForm
    listing: Listing
    wrong: dict[str, str]
    """A line for each field that was not stored ("refused": for all of them)."""
    newer: Collection[str] = ()
    """Those of them that another window had changed."""


# The buttons of the photos' suggestions, and the fields that each of them confirms.
CAR_FIELDS = ("make", "car_model", "other_make", "other_model", "body", "colour")
"""What templates/listings/_car.html shows."""
PRESSES = {"choose": ("make", "car_model"), "choose_body": ("body",), "choose_colour": ("colour",)}
# Where a question about something unlikely is asked on the form; see details.questions.
SEARCH_LETTERS = 120
QUESTIONED = ("year", "fuel", "price", "mileage_km", "power_kw", "inspection_until")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sell(request: HttpRequest) -> HttpResponse:
    """Start a listing, or offer the existing drafts. An empty draft is reused."""
    seller = signed_in(request)
    drafts = list(drafts_of(seller=seller))
    empty = next((draft for draft in drafts if not draft.touched and not draft.photos.all()), None)
    begun = [draft for draft in drafts if draft is not empty]
    if begun and request.method != "POST":
        return render(request, "listings/sell.html", {"drafts": begun})
    try:
        draft = empty or listing_create(seller=seller)
    except DraftsFull as error:
        messages.error(request, str(error))
        return redirect("listings:mine")
    return redirect("listings:edit", draft.code)


@login_required
@require_safe
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """The page on which a listing is written; of an approved one, what needs no review."""
    listing = own_listing(request, code)
    if listing.status in APPROVED:
        return render(
            request, "listings/edit_approved.html", _offer_page(listing, form_again(request, OfferForm, listing))
        )
    if listing.status not in EDITABLE:
        messages.info(request, f"This listing is {listing.get_status_display()} and cannot be changed now.")
        return redirect(listing)
    return render(
        request, "listings/edit.html", _page(listing, form_again(request, ListingForm, listing)) | _found(request)
    )


@login_required
@require_safe
def find(request: HttpRequest, code: str) -> HttpResponse:
    """Cars of the catalogue that match what the seller typed, as buttons (htmx)."""
    return render(request, "listings/_found.html", {"listing": own_listing(request, code), **_found(request)})


@keeps_what_was_typed
@require_POST
def save(request: HttpRequest, code: str) -> HttpResponse:
    """Store the valid fields; each of the others gets one line."""
    listing = own_listing(request, code)
    if listing.status in APPROVED and not is_htmx(request):
        return _save_approved(request, listing)
    stored = _store(request, listing)
    listing, wrong = stored.listing, stored.wrong
    if not wrong:
        typed_forget(request, kept_as(code))
    if is_htmx(request):
        status = 409 if "refused" in wrong else 200
        return render(request, "listings/_saved.html", _saved(request, stored), status=status)
    if not wrong:
        messages.success(request, _("Saved."))
        return redirect("listings:edit", listing.code)
    form = _with_errors(request, listing, wrong)
    told = {name: line for name, line in wrong.items() if name == "refused"}  # the others at their fields only
    return render(request, "listings/edit.html", _page(listing, form, told), status=422)


@keeps_what_was_typed
@require_POST
def submit(request: HttpRequest, code: str) -> HttpResponse:
    """Store the whole form and submit the listing; every missing field gets one line."""
    listing = own_listing(request, code)
    _form, listing, wrong, _newer = _store(request, listing)
    if wrong and "refused" not in wrong:
        wrong = listing_missing(listing=listing) | wrong
    if not wrong:
        try:
            listing_submit(listing=listing, by=signed_in(request))
        except ValidationError as error:
            wrong = _lines(error)
        except ListingQuestioned as error:
            page = _page(listing, ListingForm(listing=listing)) | {"unlikely": error.questions}
            return render(request, "listings/edit.html", page, status=422)
        except ListingRefused as error:
            wrong = {"refused": str(error)}
        else:
            typed_forget(request, kept_as(code))
            return redirect("listings:sent", listing.code)
    form = _with_errors(request, listing, wrong)
    return render(request, "listings/edit.html", _page(listing, form, wrong), status=422)


@login_required
@require_safe
def sent(request: HttpRequest, code: str) -> HttpResponse:
    """The page after submitting, which says what happens next."""
    return render(request, "listings/sent.html", {"listing": own_listing(request, code)})


def _save_approved(request: HttpRequest, listing: Listing) -> HttpResponse:
    """Store all of the few fields that an approved listing keeps open, or none."""
    form = OfferForm(request.POST, listing=listing)
    unlikely: list[Question] = []
    if form.is_valid():
        try:
            listing, newer = listing_update_unless_newer(
                listing=listing, values=form.values(), shown=_shown(request), answered=_answered(request)
            )
        except ListingQuestioned as error:
            unlikely = error.questions
        except ListingRefused as error:
            messages.error(request, str(error))
            return redirect("listings:mine")
        except ValidationError as error:
            for name, line in _lines(error).items():
                form.add_error(name if name in form.fields else None, line)
        else:
            for name in newer:
                form.add_error(name, _newer_line(listing, name))
    if unlikely or not form.is_valid():
        page = _offer_page(listing, form) | {"unlikely": unlikely}
        return render(request, "listings/edit_approved.html", page, status=422)
    messages.success(request, _("%(title)s is changed.") % {"title": listing.title})
    return redirect("listings:mine")


def _store(request: HttpRequest, listing: Listing) -> Stored:
    """Store the valid ones of the posted fields, except where another window was quicker."""
    form = ListingForm(_data(request), listing=listing)
    wrong, newer = form.wrong(), set[str]()
    try:
        pointed_at = {name for press, names in PRESSES.items() if press in request.POST for name in names}
        listing, newer = listing_update_unless_newer(
            listing=listing,
            values=form.values(),
            shown=_shown(request),
            pointed_at=pointed_at,
            answered=_answered(request),
        )
    except ListingQuestioned as error:
        wrong = {"refused": str(error)}  # approved meanwhile, in another tab
    except ListingRefused as error:
        wrong = {"refused": str(error)}
    except ValidationError as error:
        wrong |= _lines(error)
    return Stored(form, listing, wrong | {name: _newer_line(listing, name) for name in newer}, newer)


def _shown(request: HttpRequest) -> dict[str, str]:
    return tokens_read(request.POST.getlist("shown"))


def _newer_line(listing: Listing, name: str) -> str:
    """That another window stored something else meanwhile, and what."""
    choice = getattr(listing, f"get_{name}_display", None)
    value = choice() if choice else getattr(listing, name) if name in CAR_FIELDS else _form_value(listing, name)
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    words = f"{words[:60]} …" if len(words) > 60 else words
    if not words:
        return _("Meanwhile this was emptied in another window. Yours is not saved yet.")
    return _("Meanwhile this became “%(words)s” in another window. Yours is not saved yet.") % {"words": words}


def _form_value(listing: Listing, name: str) -> Any:
    """A field's stored value as the form shows it; a list for a list of boxes."""
    value = ListingForm(listing=listing)[name].value()
    return "" if value is None else value


def _found(request: HttpRequest) -> dict[str, Any]:
    text = request.GET.get("q", "")[:SEARCH_LETTERS].strip()
    return {"q": text, "cars": cars_search(text=text)}


def _answered(request: HttpRequest) -> list[str]:
    """Keys of the questions answered with yes: one at its field, or all that were shown."""
    return request.POST.getlist("asked" if "answer_all" in request.POST else "answer")


def _data(request: HttpRequest) -> QueryDict:
    """The posted fields, including those of a pressed suggestion.

    A suggestion is "make:model", by their primary keys, or a body or colour.
    """
    data = request.POST.copy()
    if "choose" in data:
        data["make"], _, data["car_model"] = request.POST["choose"].partition(":")
    for look in LOOKS:
        if f"choose_{look}" in data:
            data[look] = request.POST[f"choose_{look}"]
    return data


def _lines(error: ValidationError) -> dict[str, str]:
    return {name: " ".join(lines) for name, lines in error.message_dict.items()}


def _with_errors(request: HttpRequest, listing: Listing, wrong: dict[str, str]) -> ListingForm:
    """The form as stored, with the values that could not be stored and the lines that say why."""
    data = posted_of(ListingForm(listing=listing))
    for name in wrong:
        if name in request.POST:
            data.setlist(name, request.POST.getlist(name))
    form = ListingForm(data, listing=listing)
    form.full_clean()
    for name, line in wrong.items():
        if name in form.fields and name not in form.errors:
            form.add_error(name, line)
    return form


def _page(listing: Listing, form: ListingForm, wrong: dict[str, str] | None = None) -> dict[str, Any]:
    labels = {name: form.fields[name].label or form[name].label for name in form.fields}
    labels["photos"] = _("Photos")
    return {
        **car_context(listing, form),
        "missing": [(name, labels[name], line) for name, line in (wrong or {}).items() if name in labels],
        "refused": (wrong or {}).get("refused", ""),
        "photos_wrong": (wrong or {}).get("photos", ""),
        "answers": wrong is not None,
        "save_words": save_words(),
        "asked": questions_open(listing),
    }


def _saved(request: HttpRequest, stored: Stored) -> dict[str, Any]:
    listing, wrong = stored.listing, stored.wrong
    # Make and model are shown anew as they are stored; only that another window had been quicker is
    # told beside them.
    posted = [name for name in stored.form.posted() if name not in {"make", "car_model"} or name in stored.newer]
    changed = car_version(listing) != request.POST.get("car_version")
    return {
        **car_context(listing, ListingForm(listing=listing)),
        "told": [Told(name, wrong.get(name, ""), _theirs(stored, name)) for name in posted],
        "wrong": wrong,
        "refused": wrong.get("refused", ""),
        "car_changed": changed,
        # Of the fields that the page shows as they are stored now, not of the others.
        "shown": tokens_text(_shown(request) | tokens_of(listing, stored.form.posted())),
        "asked": questions_open(listing),
        "questioned": QUESTIONED,
    }


def _theirs(stored: Stored, name: str) -> Any:
    """What another window stored, for a field in which the person's own value still stands."""
    value = _form_value(stored.listing, name) if name in stored.newer and name not in CAR_FIELDS else None
    return None if isinstance(value, list | bool) else value


def car_context(listing: Listing, form: ListingForm) -> dict[str, Any]:
    """Context of the part of the page that the photos fill in (templates/listings/_car.html)."""
    return {
        "listing": listing,
        "form": form,
        "guess": guess_of(listing=listing),
        "body_suggestion": body_suggestion_of(listing=listing),
        "colour_suggestion": colour_suggestion_of(listing=listing),
        "car_version": car_version(listing),
        "shown": tokens_text(tokens_of(listing)),
        "car_shown": tokens_text(tokens_of(listing, CAR_FIELDS)),
        "typical": None if listing.revises_id else typical_hint(listing),
    }


def _offer_page(listing: Listing, form: OfferForm) -> dict[str, Any]:
    shown = tokens_text(tokens_of(listing))
    return {"listing": listing, "form": form, "shown": shown, "typical": typical_hint(listing)}
