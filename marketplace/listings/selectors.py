"""Reads listings."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing

LOOK_WORTH_OFFERING = 0.5  # below it, choosing from the list of a dozen is as quick


class LookSuggestion(NamedTuple):
    """The verdict's body type or colour, which can be chosen with one press."""

    look: Listing.Body | Listing.Colour
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


def listings_of(*, seller: User) -> QuerySet[Listing]:
    """A seller's own listings in every status, those just deleted included, newest first.

    A proposed change is not among them: it comes with the listing that it changes.
    """
    own = Listing.objects.filter(seller=seller, revises=None)
    return own.select_related("make", "car_model", "revision").prefetch_related("photos")


def others_of(*, listing: Listing, most: int) -> list[Listing]:
    """Other cars that its seller has on sale, newest first."""
    return list(listings_live().filter(seller=listing.seller_id).exclude(pk=listing.pk)[:most])


def sold_at(listing: Listing) -> datetime:
    """When a sold car was marked as sold. Rows from before there was a history: the last change."""
    change = listing.changes.filter(after=Listing.Status.SOLD).exclude(before=Listing.Status.SOLD).last()
    return listing.updated_at if change is None else change.at


def drafts_of(*, seller: User) -> QuerySet[Listing]:
    """The seller's drafts, last changed first."""
    return listings_of(seller=seller).filter(status=Listing.Status.DRAFT).order_by("-updated_at")


def body_suggestion_of(*, listing: Listing) -> LookSuggestion | None:
    """The verdict's body type; None if it has none, or none worth offering."""
    return _look_suggestion((listing.verdict or {}).get("body"), Listing.Body, listing.body)


def colour_suggestion_of(*, listing: Listing) -> LookSuggestion | None:
    """The verdict's colour; as body_suggestion_of."""
    return _look_suggestion((listing.verdict or {}).get("colour"), Listing.Colour, listing.colour)


def _look_suggestion(
    guess: Mapping[str, Any] | None, looks: type[Listing.Body] | type[Listing.Colour], stated: str
) -> LookSuggestion | None:
    if not guess or guess["confidence"] < LOOK_WORTH_OFFERING or guess["name"] not in looks.values:
        return None
    return LookSuggestion(looks(guess["name"]), guess["confidence"], chosen=stated == guess["name"])


def car_version(listing: Listing) -> str:
    """A hash of everything that the photos fill in on the seller's page.

    That part of the page is replaced only when the hash changes.
    """
    named = [listing.make_id, listing.car_model_id, listing.other_make, listing.other_model]
    shown = [*named, listing.body, listing.colour, listing.autofilled, listing.verdict, listing.contradiction]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]
