"""Reads: what waits for review, what a page shows of it, and what was decided."""

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue import search
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from marketplace.listings.services import APPROVED
from marketplace.moderation.models import Claim, CopiedPhoto, Decision
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import photos_of, prediction_latest

UNSETTLED = (Photo.Status.PENDING, Photo.Status.CLAIMED)
UNSEEN = (*UNSETTLED, Photo.Status.FAILED)


@dataclass(frozen=True)
class Car:
    """A make and model of the catalogue, or a make alone. `value` names it in a form."""

    make: Make
    car_model: CarModel | None
    confidence: float | None = None
    years: str = ""

    @property
    def value(self) -> str:
        return f"{self.make.pk}:{self.car_model.pk if self.car_model else ''}"

    def __str__(self) -> str:
        return f"{self.make} {self.car_model}" if self.car_model else f"{self.make}"


@dataclass(frozen=True)
class ReviewPhoto:
    """A photo with what the newest version recognised on it."""

    photo: Photo
    prediction: Prediction | None

    @property
    def box(self) -> dict[str, int] | None:
        """The car's outline, in pixels of the photo."""
        if self.prediction is None or not self.prediction.box:
            return None
        x1, y1, x2, y2 = self.prediction.box
        return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}

    @property
    def best(self) -> dict[str, Any] | None:
        """The likeliest candidate."""
        return self.prediction.candidates[0] if self.prediction and self.prediction.candidates else None


@dataclass(frozen=True)
class UnknownCar:
    """A candidate that the catalogue does not have, and nobody can choose."""

    name: str
    confidence: float
    years: str = ""


def queue() -> QuerySet[Listing]:
    """Listings that wait for review, the least certain first.

    First those with nothing recognised at all, then those whose verdict contradicts the seller or
    whose photos are another seller's, however sure it is, then the others by confidence. Listings
    with photos that the worker has not finished come last, because their verdict is not known yet;
    `looking` is true for them.
    """
    looking = Photo.objects.filter(listing=OuterRef("pk"), status__in=UNSETTLED)
    copied = CopiedPhoto.objects.filter(listing=OuterRef("pk"))
    doubt = Case(
        When(certainty__isnull=True, then=Value(-2.0)),
        When(~Q(contradiction="") | Exists(copied), then=Value(-1.0)),
        default=F("certainty"),
        output_field=FloatField(),
    )
    return (
        Listing.objects.filter(status=Listing.Status.SUBMITTED)
        # The change of a car that was sold or made a draft meanwhile waits until it is back.
        .filter(Q(revises=None) | Q(revises__status__in=APPROVED))
        .annotate(looking=Exists(looking, output_field=BooleanField()), doubt=doubt)
        .select_related("make", "car_model", "seller")
        .order_by("looking", "doubt", "submitted_at", "pk")
    )


def queue_seen() -> QuerySet[Listing]:
    """The queue without listings that have a photo without a recognition: waiting or failed."""
    return queue().exclude(photos__status__in=UNSEEN)


def claimed_by_others(*, moderator: User | None) -> QuerySet[Claim]:
    """Claims of everybody but `moderator` that have not expired."""
    claims = Claim.objects.filter(expires_at__gt=timezone.now())
    return claims if moderator is None else claims.exclude(moderator=moderator)


def decision_last(*, listing: Listing) -> Decision | None:
    """The newest decision about a listing."""
    return decisions_recent().filter(listing=listing).first()


def decisions_recent() -> QuerySet[Decision]:
    """All decisions, the newest first, with all that a page shows of them."""
    return Decision.objects.select_related(
        "listing", "moderator", "model_version", "stated_make", "stated_model", "make", "car_model"
    )


def decided_today(*, moderator: User) -> int:
    """How many decisions a moderator made today (UTC)."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Decision.objects.filter(moderator=moderator, created_at__gte=today).count()


def photos_to_review(*, listing: Listing) -> list[ReviewPhoto]:
    """A listing's photos; those that show a car from outside come first, because they decide."""
    photos = [ReviewPhoto(photo, prediction_latest(photo=photo)) for photo in photos_of(listing=listing)]
    return sorted(photos, key=lambda one: (one.photo.outcome != Photo.Outcome.OK, one.photo.position))


def candidates_of(*, listing: Listing) -> list[Car | UnknownCar]:
    """The verdict's candidates as cars of the catalogue, the likeliest first, at most five.

    Trained classes that are one model in the catalogue ("3 Series Sedan", "3 Series Wagon") become
    one candidate.
    """
    cars: dict[str, Car | UnknownCar] = {}
    for one in (listing.verdict or {}).get("candidates", []):
        found = catalogue_resolve(make=one["make"], model=one["model"])
        name = f"{one['make']} {one['model']}".strip()
        if found.make is None or (found.car_model is None and one["model"]):
            cars.setdefault(name, UnknownCar(name=name, confidence=one["confidence"], years=one["years"]))
            continue
        car = Car(found.make, found.car_model, one["confidence"], one["years"])
        before = cars.get(car.value)
        if isinstance(before, Car):
            total = (before.confidence or 0.0) + one["confidence"]
            car = Car(before.make, before.car_model, min(total, 1.0), before.years)
        cars[car.value] = car
    return sorted(cars.values(), key=lambda car: -(car.confidence or 0.0))[:5]


def cars_search(*, text: str) -> list[Car]:
    """Cars whose name contains this text, the best match first: see catalogue.search."""
    return [Car(make, car_model) for make, car_model in search.cars_search(text=text)]
