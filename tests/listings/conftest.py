import uuid

import pytest

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_create
from marketplace.photos.models import Photo


@pytest.fixture
def cars(db):
    """A small catalogue: two makes with two models each."""
    found = {}
    for make, names in {"Volkswagen": ("Golf", "Up!"), "Audi": ("A3", "A4")}.items():
        row = Make.objects.create(name=make)
        for name in names:
            found[name] = CarModel.objects.create(make=row, name=name)
    return found


@pytest.fixture
def draft(alice):
    return listing_create(seller=alice)


@pytest.fixture
def finished(draft, cars):
    """A draft with everything in it but photos."""
    golf = cars["Golf"]
    draft.make, draft.car_model, draft.year, draft.price, draft.mileage_km = golf.make, golf, 2012, 7500, 90_000
    draft.fuel, draft.gearbox, draft.place = "diesel", "manual", "Brno"
    draft.touched = ["make", "car_model", "year", "price", "mileage_km", "fuel", "gearbox", "place"]
    draft.save()
    return draft


@pytest.fixture
def put_photo():
    """A photo's row, without any picture behind it."""

    def put(listing, **fields):
        name = f"{uuid.uuid4().hex}.jpg"
        values = {"width": 800, "height": 600, "upload_sha256": name, **fields}
        return Photo.objects.create(listing=listing, file=f"photos/{name}", card=f"cards/{name}", **values)

    return put


@pytest.fixture
def put_live(alice, cars):
    """A live listing."""

    def put(model="Golf", **fields):
        car = cars[model]
        values = {"year": 2015, "price": 9000, "mileage_km": 100_000, "fuel": "petrol", "gearbox": "manual", **fields}
        return Listing.objects.create(seller=alice, status="live", make=car.make, car_model=car, **values)

    return put


def verdict(make="Volkswagen", model="Golf", make_sure=0.97, model_sure=0.9, others=()):
    """What the photos say; thresholds are 0.8 for the model and 0.7 for the make."""
    candidates = [{"make": make, "model": model, "years": "", "confidence": model_sure}]
    candidates += [{"make": a, "model": b, "years": "", "confidence": c} for a, b, c in others]
    return {
        "version": "tiny-00000000",
        "photos_used": 1,
        "make": {"name": make, "confidence": make_sure},
        "model": {"make": make, "name": model, "confidence": model_sure},
        "candidates": candidates,
        "thresholds": {"make": 0.7, "model": 0.8},
    }
