"""Reads listings."""

import hashlib
import json
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict, Unpack

from django.db.models import Q, QuerySet

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make, MakeAlias
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import car_find, words_in
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing, search_key

BODY_WORTH_OFFERING = 0.5  # below it, choosing from the list of ten is as quick
WRITTEN = ("other_make_key", "other_model_key")  # of the seller's own words


class Sort(NamedTuple):
    """One way to sort the search results."""

    label: str
    fields: tuple[str, ...]


SORTS = {
    "newest": Sort("Newest first", ("-published_at", "-pk")),
    # Prices in different currencies cannot be compared, so each currency forms its own block.
    "price": Sort("Lowest price", ("currency", "price", "-pk")),
    "price-down": Sort("Highest price", ("currency", "-price", "-pk")),
    "mileage": Sort("Lowest mileage", ("mileage_km", "-pk")),
    "year": Sort("Newest car", ("-year", "-pk")),
}


class BodySuggestion(NamedTuple):
    """The verdict's body type, which can be chosen with one press."""

    body: Listing.Body
    confidence: float
    chosen: bool


def listings_live() -> QuerySet[Listing]:
    """The listings that visitors see, reserved ones included, newest first."""
    return (
        Listing.objects.filter(status__in=ON_SALE)
        .select_related("make", "car_model")
        .prefetch_related("photos")
        .order_by("-published_at", "-pk")
    )


class Criteria(TypedDict, total=False):
    """What a visitor asks for; what is left out or empty asks for nothing."""

    q: str
    """Words of a make or model."""
    make: Make | None
    price_min: Decimal | None
    price_max: Decimal | None
    currency: str
    """Of the two before; without it each listing's own."""
    year_min: int | None
    year_max: int | None
    body: str
    colour: str
    fuel: str
    gearbox: str
    sort: str
    """One of SORTS."""


_LOOKUPS = {
    "make": "make", "price_min": "price__gte", "price_max": "price__lte", "currency": "currency",
    "year_min": "year__gte", "year_max": "year__lte", "body": "body", "colour": "colour", "fuel": "fuel",
    "gearbox": "gearbox",
}  # fmt: skip


def listings_search(**criteria: Unpack[Criteria]) -> QuerySet[Listing]:
    """Live listings that meet every criterion, in the order of `sort`."""
    asked: dict[str, Any] = {_LOOKUPS[name]: value for name, value in criteria.items() if name in _LOOKUPS}
    found = listings_live().filter(**{lookup: value for lookup, value in asked.items() if value not in {None, ""}})
    if q := criteria.get("q"):
        found = found.filter(_named(q))
    return found.order_by(*SORTS.get(criteria.get("sort", "newest"), SORTS["newest"]).fields)


def listings_in_place(listings: QuerySet[Listing], text: str) -> QuerySet[Listing]:
    """The listings whose place contains this text, ignoring case and accents."""
    key = search_key(text)
    return listings.filter(place_key__contains=key) if key else listings.none()


def _named(text: str) -> Q:
    """Listings of the make or model named in a search: "vw up", "Golf", "merc"."""
    key = name_key(text)
    if not key:
        return Q(pk__in=[])
    car = car_find(text)
    if car is not None:
        return _of_car(*car)
    models = CarModel.objects.filter(Q(key__contains=key) | Q(aliases__key=key))
    return Q(car_model__in=models.values("pk")) | Q(make__key__contains=key) | words_in(text, *WRITTEN)


def _of_car(make: Make, car_model: CarModel | None) -> Q:
    """Listings of a car of the catalogue, including those whose seller wrote it as text."""
    aliases = MakeAlias.objects.filter(make=make)
    of_make = Q(make=make) | Q(other_make_key=make.key) | Q(other_make_key__in=aliases.values("key"))
    if car_model is None:
        return of_make
    return Q(car_model=car_model) | (of_make & Q(other_model_key__contains=car_model.key))


def makes_live() -> QuerySet[Make]:
    """Makes that have live listings."""
    live = Listing.objects.filter(status__in=ON_SALE, make__isnull=False)
    return Make.objects.filter(pk__in=live.values("make"))


def listings_of(*, seller: User) -> QuerySet[Listing]:
    """A seller's own listings in every status, those just deleted included, newest first."""
    return Listing.objects.filter(seller=seller).select_related("make", "car_model").prefetch_related("photos")


def drafts_of(*, seller: User) -> QuerySet[Listing]:
    """The seller's drafts, last changed first."""
    return listings_of(seller=seller).filter(status=Listing.Status.DRAFT).order_by("-updated_at")


def body_suggestion_of(*, listing: Listing) -> BodySuggestion | None:
    """The verdict's body type; None if it has none, or none worth offering."""
    guess = (listing.verdict or {}).get("body")
    if not guess or guess["confidence"] < BODY_WORTH_OFFERING or guess["name"] not in Listing.Body.values:
        return None
    return BodySuggestion(Listing.Body(guess["name"]), guess["confidence"], chosen=listing.body == guess["name"])


def car_version(listing: Listing) -> str:
    """A hash of everything that the photos fill in on the seller's page.

    That part of the page is replaced only when the hash changes.
    """
    named = [listing.make_id, listing.car_model_id, listing.other_make, listing.other_model]
    shown = [*named, listing.body, listing.colour, listing.autofilled, listing.verdict, listing.contradiction]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]
