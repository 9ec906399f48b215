from collections.abc import Callable
from typing import Any

import pytest

from marketplace.catalogue.models import CarModel
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_create
from marketplace.photos.models import Photo
from tests.factories import CarModelFactory, ListingFactory, PhotoFactory, verdict_of


@pytest.fixture
def cars(db) -> dict[str, CarModel]:
    """A small catalogue: two makes with two models each."""
    names = {"Golf": "Volkswagen", "Up!": "Volkswagen", "A3": "Audi", "A4": "Audi"}
    return {name: CarModelFactory(make__name=make, name=name) for name, make in names.items()}


@pytest.fixture
def draft(alice) -> Listing:
    return listing_create(seller=alice)


@pytest.fixture
def finished(alice, cars) -> Listing:
    """A draft that lacks only photos."""
    return ListingFactory(seller=alice, finished=True, car_model=cars["Golf"], fuel="diesel")


@pytest.fixture
def put_photo() -> Callable[..., Photo]:
    """Adds a photo's row, without files."""
    return lambda listing, **fields: PhotoFactory(listing=listing, **fields)


@pytest.fixture
def put_live(alice, cars) -> Callable[..., Listing]:
    """Adds a live listing."""
    return lambda model="Golf", **fields: ListingFactory(seller=alice, live=True, car_model=cars[model], **fields)


def verdict(make="Volkswagen", model="Golf", make_sure=0.97, model_sure=0.9, others=(), alike=()) -> dict[str, Any]:
    """A verdict; its thresholds are 0.8 for the model and 0.7 for the make."""
    return verdict_of(
        (make, model, model_sure), *others, make_confidence=make_sure, thresholds=(0.7, 0.8), alike=alike
    )  # fmt: skip
