"""Listings as they wait for review, made without a worker."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace.catalogue.models import CarModel
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.rejections import SHIPPED
from marketplace.moderation.models import RejectTemplate
from tests.factories import (
    CarModelFactory,
    ListingFactory,
    ModelAliasFactory,
    PhotoFactory,
    RejectTemplateFactory,
    verdict_of,
)


def decided(listing: Any, **sent: str) -> dict[str, str]:
    """What the moderator's page sends if it was opened when `listing` was as it is here."""
    return {"seen": listing.submitted_at.isoformat(), **sent}


def verdict(*candidates: tuple[str, str, float], threshold: float = 0.9, **said: Any) -> dict[str, Any]:
    """A verdict with these candidates (make, model, confidence)."""
    return verdict_of(*candidates, thresholds=(threshold, threshold), **said)


@pytest.fixture
def bobs(client: Client, bob: Any) -> Client:
    """bob's browser, signed in."""
    client.force_login(bob)
    return client


@pytest.fixture
def shipped_templates(db):
    """The templates of a new site: a transactional test before this one has emptied their table."""
    if not RejectTemplate.objects.exists():
        for position, (code, text) in enumerate(SHIPPED.items(), start=1):
            RejectTemplateFactory(code=code, position=position, text=text)


@pytest.fixture
def cars(db: None) -> dict[str, CarModel]:
    """A catalogue of three cars by model name."""
    names = {"Octavia": "Škoda", "Fabia": "Škoda", "V70": "Volvo"}
    made = {name: CarModelFactory(make__name=make, name=name) for name, make in names.items()}
    ModelAliasFactory(car_model=made["Octavia"], text="Octavia Combi")
    return made


@pytest.fixture
def waiting(alice: Any, cars: dict[str, CarModel]) -> Callable[..., Listing]:
    """`waiting("Octavia", said=verdict(…))`: a submitted listing with one recognised photo.

    chosen: whether the seller named the car; else the photos filled it in.
    """

    def make(
        stated: str | None = "Octavia",
        *,
        said: dict | None = None,
        contradicts: dict | None = None,
        photos: str = "done",
        chosen: bool = True,
    ) -> Listing:
        named = ["car_model", "make"] if stated else []
        listing = ListingFactory(
            seller=alice,
            submitted=True,
            car_model=cars[stated] if stated else None,
            touched=named if chosen else [],
            autofilled=[] if chosen else named,
            verdict=said,
            contradicts=contradicts,
        )
        PhotoFactory(listing=listing, with_files=True, width=320, height=240, **{photos: True})
        return listing

    return make
