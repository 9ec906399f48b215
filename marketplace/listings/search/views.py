"""The search's pages: everything on sale, a make, a model."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from marketplace.accounts.languages import address_in
from marketplace.listings import views
from marketplace.listings.currencies.rates import Exchange, exchange_of, exchange_to
from marketplace.listings.market.models_page import model_at_a_glance
from marketplace.listings.search.criteria import BASE_CURRENCY, Criteria
from marketplace.listings.search.facets import chips_of, facets_of, places_of, ranges_of
from marketplace.listings.search.feeds import FORMAT, feed, feed_url
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.moved import make_moved, model_moved
from marketplace.listings.search.names import names_now
from marketplace.listings.search.services import MOST_BY_TEXT, Place, search
from marketplace.listings.search.stock.paging import Cursor
from marketplace.listings.search.understanding import Correction, criteria_understood, understood, words_unknown
from marketplace.pages import is_htmx

PER_PAGE = 24


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """Cars on sale: searched, filtered, sorted, in pages."""
    return _found(request, {})


@require_safe
def make_or_listing(request: HttpRequest, code: str) -> HttpResponse:
    """``/cars/volkswagen/`` or one car, whose code is never the name of a make."""
    if code in names_now().make_slugs:
        return _found(request, {"make": [code]})
    try:
        return views.detail(request, code)
    except Http404:
        make = make_moved(code)
        if make is None:
            raise
    return _moved(request, f"cars/{make.slug}/")


@require_safe
def model(request: HttpRequest, make: str, model: str) -> HttpResponse:
    """``/cars/volkswagen/golf/``"""
    names = names_now()
    known = names.make_slugs.get(make) or make_moved(make)
    car = known and (names.model_slugs.get((known.pk, model)) or model_moved(known, model))
    if known is None or car is None:
        raise Http404
    if (known.slug, car.slug) != (make, model):
        return _moved(request, f"cars/{known.slug}/{car.slug}/")
    return _found(request, {"make": [make], "model": [f"{make}/{model}"]})


def _moved(request: HttpRequest, path: str) -> HttpResponse:
    query = request.GET.urlencode(safe="/")
    return HttpResponsePermanentRedirect(reverse("listings:browse") + quote(path) + (f"?{query}" if query else ""))


def _found(request: HttpRequest, path: dict[str, list[str]]) -> HttpResponse:
    data = request.GET.copy()
    for name, values in path.items():
        data.setlist(name, list(dict.fromkeys([*values, *data.getlist(name)])))
    form = SearchForm(data)
    said = criteria_understood(form.criteria())
    criteria = said.criteria
    if request.GET.get("format") == FORMAT:
        return feed(request, criteria)
    left_out = form.left_out()
    place = Place(after=Cursor.read(data.get("after", "")), before=Cursor.read(data.get("before", "")))
    address = criteria.url(
        typed=" ".join(one.typed for one in said.corrections) or data.get("typed", "")[:200],
        after=str(place.after or ""),
        before="" if place.after else str(place.before or ""),
    )
    if not left_out and not is_htmx(request) and _parts(address) != _parts(address_in(request.get_full_path(), "")):
        # One address for each search: words became filters, a make a path, empty fields are gone.
        return HttpResponseRedirect(address)
    answer = render(request, "listings/browse.html", _context(request, criteria, place, form, data.get("typed", "")))
    if is_htmx(request) and not left_out:
        answer["HX-Push-Url"] = address
    patch_vary_headers(answer, ("HX-Request",))
    return answer


def _parts(address: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters without their encoding, in which browsers differ."""
    path, _mark, query = address.partition("?")
    return unquote(path), parse_qsl(query, keep_blank_values=True)


def _context(request: HttpRequest, criteria: Criteria, place: Place, form: SearchForm, typed: str) -> dict[str, Any]:
    found = search(criteria, place=place, size=PER_PAGE)
    return {
        "form": form,
        "criteria": criteria,
        "found": found,
        "most_by_text": MOST_BY_TEXT,
        "chips": chips_of(criteria),
        "facets": facets_of(criteria, found.counts),
        "ranges": ranges_of(criteria, found.counts),
        "places": places_of(criteria, found.counts),
        "left_out": form.left_out(),
        "corrections": _corrections(typed),
        "unknown": words_unknown(criteria) if criteria.words and not found.counts.total else [],
        "query": urlencode(replace(criteria, sort="newest").parameters(), safe="/"),
        "canonical": replace(criteria, sort="newest").url(),
        "feed": feed_url(criteria),
        "previous": criteria.url(before=str(found.previous)) if found.previous else "",
        "next": criteria.url(after=str(found.next)) if found.next else "",
        "first_page": criteria.url() if place.after or place.before else "",
        "car": _car(criteria),
        "exchange": _exchange(request, criteria),
        "glance": None if place.after or place.before else model_at_a_glance(criteria),
    }


def _exchange(request: HttpRequest, criteria: Criteria) -> Exchange:
    """Into the currency that is asked for, else into that of the visitor's profile."""
    asked = criteria.currency != BASE_CURRENCY or "price" in criteria.ranges
    return (None if asked else exchange_of(request)) or exchange_to(criteria.currency)


def _car(criteria: Criteria) -> str:
    """The one make or model that is looked at, for headings; empty if there are several or none."""
    if len(criteria.all_makes) != 1 or len(criteria.models) > 1:
        return ""
    return " ".join(str(part) for part in (criteria.all_makes[0], *criteria.models))


def _corrections(typed: str) -> list[tuple[Correction, str]]:
    """The words that were taken for a name, each with the address that looks for it literally."""
    guessed = understood(typed[:200]).corrections if typed else ()
    return [(one, Criteria(words=f'"{one.typed}"').url()) for one in guessed]
