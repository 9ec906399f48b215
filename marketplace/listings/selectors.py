"""Reads listings."""

import hashlib
import json
from typing import NamedTuple

from django.db.models import QuerySet

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.listings.verdicts import candidate_sure, one_of

WORTH_OFFERING = 0.01  # a less likely candidate would only confuse the seller
BODY_WORTH_OFFERING = 0.5  # below it, choosing from the list of ten is as quick


class Suggestion(NamedTuple):
    """A candidate of the verdict that the catalogue knows, which can be chosen with one press."""

    make: Make
    car_model: CarModel | None
    years: str
    confidence: float
    chosen: bool
    alike: tuple[str, ...] = ()
    """Names of the cars that photos cannot tell from it."""
    group_confidence: float = 0.0
    """How sure it is one of them or this; as confidence if there are none."""

    @property
    def words(self) -> str:
        """Its name and those of its look-alikes."""
        return one_of([" ".join(str(part) for part in (self.make, self.car_model) if part), *self.alike])


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


def listings_of(*, seller: User) -> QuerySet[Listing]:
    """A seller's own listings in every status, those just deleted included, newest first."""
    return Listing.objects.filter(seller=seller).select_related("make", "car_model").prefetch_related("photos")


def drafts_of(*, seller: User) -> QuerySet[Listing]:
    """The seller's drafts, last changed first."""
    return listings_of(seller=seller).filter(status=Listing.Status.DRAFT).order_by("-updated_at")


def suggestions_of(*, listing: Listing) -> list[Suggestion]:
    """The verdict's candidates in the catalogue's terms, likeliest first.

    Candidates that are the same model in the catalogue are added up. Those under 1 % are left out,
    which may be all of them.
    """
    if listing.verdict is None:
        return []
    found: dict[tuple[int, int | None], Suggestion] = {}
    for candidate in listing.verdict["candidates"]:
        make, car_model = catalogue_resolve(make=candidate["make"], model=candidate["model"])
        if make is None:
            continue
        key = (make.pk, car_model.pk if car_model else None)
        if key in found:
            earlier = found[key]
            found[key] = earlier._replace(confidence=earlier.confidence + candidate["confidence"])
            continue
        chosen = listing.make_id == make.pk and car_model is not None and listing.car_model_id == car_model.pk
        found[key] = Suggestion(
            make, car_model, candidate["years"], candidate["confidence"], chosen,
            alike=tuple(candidate.get("alike", ())), group_confidence=candidate_sure(candidate),
        )  # fmt: skip
    return [one for one in found.values() if one.confidence >= WORTH_OFFERING]


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
    named = [listing.make_id, listing.car_model_id, listing.other_make, listing.other_model, listing.body]
    shown = [*named, listing.autofilled, listing.verdict, listing.contradiction]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]
