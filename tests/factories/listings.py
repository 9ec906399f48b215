"""Listings in every state, and what the photos say of one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyFunction, SubFactory, Trait
from factory.builder import Resolver
from factory.django import DjangoModelFactory

from marketplace.catalogue.models import Make
from marketplace.listings.contradictions import other_car
from marketplace.listings.life.steps import TERM
from marketplace.listings.models import Listing
from tests.factories.accounts import UserFactory
from tests.factories.catalogue import CarModelFactory

TYPED = (
    "body", "car_model", "colour", "description", "fuel", "gearbox", "make", "mileage_km", "other_make", "other_model",
    "place", "price", "year", "vat", "registered_month", "power_kw", "doors", "seats", "drive", "owners",
    "accident_free", "inspection_until", "equipment", "country", "postcode", "telephone",
)  # fmt: skip
ANOTHER_CAR = other_car(seen=["Volvo V70"], said="Škoda Octavia")
"""What ``Listing.contradicts`` holds if the photos show another car."""


def verdict_of(
    *candidates: tuple[str, str, float],
    make_confidence: float | None = None,
    thresholds: tuple[float, float] = (0.9, 0.9),
    version: str = "first-00000000",
    alike: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What the photos say: candidates (make, model, confidence), the likeliest first.

    make_confidence: of the first one's make, by itself. thresholds: of make and model. alike: names
    of the first one's look-alikes, of which it is one with 0.97; without them the verdict is as
    before look-alikes were told.
    """
    make, model, confidence = candidates[0]
    group = {"alike": list(alike), "group_confidence": 0.97} if alike else {}
    said = [{"make": m, "model": n, "years": "", "confidence": c} for m, n, c in candidates]
    return {
        "version": version,
        "photos_used": 1,
        "make": {"name": make, "confidence": confidence if make_confidence is None else make_confidence},
        "model": {"make": make, "name": model, "confidence": confidence, **group},
        "candidates": [{**said[0], **group}, *said[1:]],
        "thresholds": {"make": thresholds[0], "model": thresholds[1]},
    }


def _make(listing: Resolver) -> Make | None:
    return listing.car_model.make if listing.car_model else None


def _typed(listing: Resolver) -> list[str]:
    """Whatever is there, the seller has typed."""
    return [name for name in TYPED if getattr(listing, name, None)]


def _certainty(listing: Resolver) -> float | None:
    said = listing.verdict
    return (said["model"] or said["make"])["confidence"] if said else None


class ListingFactory(DjangoModelFactory[Listing]):
    """An empty draft. ``finished`` has all that a seller must say, and so has every later status;
    photos none have.

    The make follows from ``car_model``; ``touched`` holds what is filled in.
    """

    class Meta:
        model = Listing

    class Params:
        draft = Trait(status=Listing.Status.DRAFT)
        finished = Trait(
            car_model=SubFactory(CarModelFactory),
            year=2012,
            price=7500,
            mileage_km=100_000,
            fuel=Listing.Fuel.PETROL,
            gearbox=Listing.Gearbox.MANUAL,
            place="Brno",
        )
        reviewed = Trait(finished=True, submitted_at=LazyFunction(timezone.now))
        published = Trait(
            reviewed=True,
            published_at=LazyFunction(timezone.now),
            expires_at=LazyFunction(lambda: timezone.now() + TERM),
        )
        # What else a seller may say of a car.
        detailed = Trait(
            finished=True,
            negotiable=True,
            vat="reclaimable",
            registered_month=3,
            power_kw=Decimal("110.0"),
            doors=5,
            seats=5,
            drive="front",
            owners=2,
            accident_free="yes",
            inspection_until=LazyFunction(lambda: timezone.localdate().replace(day=1) + timedelta(days=366)),
            equipment=["climate_control", "tow_bar"],
            country="CZ",
            postcode="602 00",
            telephone="+420 601 123 456",
        )
        submitted = Trait(reviewed=True, status=Listing.Status.SUBMITTED)
        rejected = Trait(reviewed=True, status=Listing.Status.REJECTED, reject_reason="The photos show another car.")
        changes = Trait(reviewed=True, status=Listing.Status.CHANGES, reject_reason="Show the whole car, please.")
        live = Trait(published=True, status=Listing.Status.LIVE)
        reserved = Trait(published=True, status=Listing.Status.RESERVED)
        expired = Trait(published=True, status=Listing.Status.EXPIRED, expires_at=LazyFunction(timezone.now))
        taken_down = Trait(published=True, status=Listing.Status.TAKEN_DOWN, reject_reason="This car is not yours.")
        deleted = Trait(status=Listing.Status.DELETED, deleted_at=LazyFunction(timezone.now))
        sold = Trait(published=True, status=Listing.Status.SOLD)
        withdrawn = Trait(published=True, status=Listing.Status.WITHDRAWN)
        # The seller's own words for make and model. Last: it takes the place of the car of the
        # others.
        written = Trait(car_model=None, other_make="Roewe", other_model="i5")

    seller = SubFactory(UserFactory)
    car_model = None
    make = LazyAttribute(_make)
    touched = LazyAttribute(_typed)
    verdict = None
    certainty = LazyAttribute(_certainty)
