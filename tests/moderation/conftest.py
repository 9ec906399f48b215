"""Listings as they wait for review, made without a worker."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

PHOTO_SIZE = (320, 240)


def jpeg(colour: str = "gray") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", PHOTO_SIZE, colour).save(out, "JPEG")
    return out.getvalue()


def decided(listing: Any, **sent: str) -> dict[str, str]:
    """What the moderator's page sends if it was opened when `listing` was as it is here."""
    return {"seen": listing.submitted_at.isoformat(), **sent}


def verdict(*candidates: tuple[str, str, float], threshold: float = 0.9, version: str = "first-00000000") -> dict:
    """A verdict with these candidates (make, model, confidence)."""
    make, model, confidence = candidates[0]
    return {
        "version": version,
        "photos_used": 1,
        "make": {"name": make, "confidence": confidence},
        "model": {"make": make, "name": model, "confidence": confidence},
        "candidates": [{"make": m, "model": n, "years": "", "confidence": c} for m, n, c in candidates],
        "thresholds": {"make": threshold, "model": threshold},
    }


def doubt(**changes: Any) -> Any:
    """A Skoda Octavia of a manifest that looks like a Volvo V70."""
    from marketplace.moderation.labels import Doubt

    said = {
        "sha256": "0" * 64,
        "size": 1234,
        "source": "lot",
        "file": "1.jpg",
        "make": "Skoda",
        "model": "Octavia",
        "year": "2012",
        "score": 0.02,
        "stated": 0.02,
        "suggestions": [{"make": "Volvo", "model": "V70", "years": "2008", "confidence": 0.91}],
        "ranked_by": "first-00000000",
        "photo": None,
    }
    return Doubt(**{**said, **changes})


@pytest.fixture
def cars(db: None) -> dict[str, Any]:
    """A catalogue of three cars by model name."""
    from marketplace.catalogue.models import CarModel, Make, ModelAlias

    skoda, volvo = Make.objects.create(name="Škoda"), Make.objects.create(name="Volvo")
    made = {name: CarModel.objects.create(make=skoda, name=name) for name in ("Octavia", "Fabia")}
    made["V70"] = CarModel.objects.create(make=volvo, name="V70")
    ModelAlias.objects.create(make=skoda, car_model=made["Octavia"], text="Octavia Combi")
    return made


@pytest.fixture
def waiting(alice: Any, cars: dict[str, Any]) -> Callable[..., Any]:
    """`waiting("Octavia", said=verdict(…))`: a submitted listing with one recognised photo.

    chosen: whether the seller named the car; else the photos filled it in.
    """
    from marketplace.listings.models import Listing
    from marketplace.photos.models import Photo

    def make(
        stated: str | None = "Octavia",
        *,
        said: dict | None = None,
        contradiction: str = "",
        photos: str = "done",
        chosen: bool = True,
    ) -> Listing:
        car = cars[stated] if stated else None
        listing = Listing.objects.create(
            seller=alice,
            status=Listing.Status.SUBMITTED,
            submitted_at=timezone.now(),
            make=car.make if car else None,
            car_model=car,
            year=2012,
            price=5000,
            mileage_km=100_000,
            fuel="petrol",
            gearbox="manual",
            place="Brno",
            touched=["car_model", "make"] if car and chosen else [],
            autofilled=["car_model", "make"] if car and not chosen else [],
            verdict=said,
            certainty=said["model"]["confidence"] if said else None,
            contradiction=contradiction,
        )
        photo = Photo(
            listing=listing,
            width=PHOTO_SIZE[0],
            height=PHOTO_SIZE[1],
            upload_sha256=listing.code,
            status=photos,
            outcome="ok" if photos == "done" else "",
            kind="exterior" if photos == "done" else "",
        )
        photo.file.save("a.jpg", ContentFile(jpeg()), save=False)
        photo.card.save("a.jpg", ContentFile(jpeg()), save=False)
        photo.save()
        return listing

    return make
