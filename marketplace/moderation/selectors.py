"""Reads: what waits for review, what a page shows of it, and what was decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue import search
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.services import APPROVED
from marketplace.moderation.models import Audit, Claim, CopiedPhoto, Decision, Opinion
from marketplace.moderation.reasons import REASONS
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import photos_of, prediction_latest

ROOM = 16
"""The room around a crop is this part of the car's size."""
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
    def crop(self) -> str:
        """The viewBox of the car with some room around it; all of the photo without a box."""
        if self.box is None:
            return f"0 0 {self.photo.width} {self.photo.height}"
        x, y, width, height = (self.box[name] for name in ("x", "y", "width", "height"))
        left, top = max(0, x - width // ROOM), max(0, y - height // ROOM)
        right = min(self.photo.width, x + width + width // ROOM)
        bottom = min(self.photo.height, y + height + height // ROOM)
        return f"{left} {top} {right - left} {bottom - top}"

    @property
    def best(self) -> dict[str, Any] | None:
        """The likeliest candidate."""
        return self.prediction.candidates[0] if self.prediction and self.prediction.candidates else None


@dataclass(frozen=True)
class SellerRecord:
    """What is known of a listing's seller."""

    since: datetime
    approved: int
    """Listings that were ever approved."""
    on_sale: int
    sent_back: int
    taken_down: int
    suspended_at: datetime | None


@dataclass(frozen=True)
class UnknownCar:
    """A candidate that the catalogue does not have, and nobody can choose."""

    name: str
    confidence: float
    years: str = ""


def disputed() -> QuerySet[Opinion]:
    """Two moderators said different things of a listing on sale, and no third one has decided."""
    return Opinion.objects.filter(
        kind=Opinion.Kind.SECOND, agrees=False, settled_by=None, listing__status__in=ON_SALE, first__undone_by=None
    )


def waiting() -> QuerySet[Listing]:
    """Listings that a moderator can decide about: handed in, or live and drawn for an audit, or
    live and two moderators disagree."""
    audits = Audit.objects.filter(answer=None)
    drawn = Q(status__in=ON_SALE) & (Q(pk__in=audits.values("listing")) | Q(pk__in=disputed().values("listing")))
    # The change of a car that was sold or made a draft meanwhile waits until it is back.
    submitted = Q(status=Listing.Status.SUBMITTED) & (Q(revises=None) | Q(revises__status__in=APPROVED))
    return Listing.objects.filter(submitted | drawn).filter(seller__suspended_at=None)


def deadline(listing: Listing) -> datetime | None:
    """By when somebody should have decided: from then on it comes before all others."""
    if listing.submitted_at is None:
        return None
    return listing.submitted_at + timedelta(hours=settings.MODERATION_DEADLINE_HOURS)


def queue() -> QuerySet[Listing]:
    """Listings that wait for review, the least certain first.

    Before all others come those that wait longer than MODERATION_DEADLINE_HOURS, then those with a
    reason that comes first (see moderation.reasons). Then those with nothing recognised at all,
    those whose verdict contradicts the seller or whose photos are another seller's, however sure it
    is, and the others by confidence. Listings with photos that the worker has not finished come
    last, because their verdict is not known yet; `looking` is true for them.
    """
    late = timezone.now() - timedelta(hours=settings.MODERATION_DEADLINE_HOURS)
    first = [reason.first() for reason in REASONS if reason.first is not None]
    looking = Photo.objects.filter(listing=OuterRef("pk"), status__in=UNSETTLED)
    copied = CopiedPhoto.objects.filter(listing=OuterRef("pk"))
    doubt = Case(
        When(certainty__isnull=True, then=Value(-2.0)),
        When(Q(contradicts__isnull=False) | Exists(copied), then=Value(-1.0)),
        default=F("certainty"),
        output_field=FloatField(),
    )
    return (
        waiting()
        .annotate(
            looking=Exists(looking, output_field=BooleanField()),
            turn=Case(
                When(submitted_at__lt=late, then=Value(0)),
                *(When(condition, then=Value(1)) for condition in first),
                default=Value(2),
                output_field=IntegerField(),
            ),
            doubt=doubt,
        )
        .select_related("make", "car_model", "seller")
        .order_by("looking", "turn", "doubt", "submitted_at", "pk")
    )


def queue_seen() -> QuerySet[Listing]:
    """The queue without listings that have a photo without a recognition: waiting or failed."""
    return queue().exclude(photos__status__in=UNSEEN)


def claimed_by_others(*, moderator: User | None) -> QuerySet[Claim]:
    """Claims of everybody but `moderator` that have not expired."""
    claims = Claim.objects.filter(expires_at__gt=timezone.now())
    return claims if moderator is None else claims.exclude(moderator=moderator)


def decision_last(*, listing: Listing) -> Decision | None:
    """The newest decision about a listing that says something of it and was not undone."""
    said = decisions_recent().filter(listing=listing, undone_by=None)
    return said.exclude(action__in=(Decision.Action.UNDO, Decision.Action.UNSURE)).first()


def decisions_recent() -> QuerySet[Decision]:
    """All decisions, the newest first, with all that a page shows of them."""
    return Decision.objects.select_related(
        "listing", "moderator", "model_version", "stated_make", "stated_model", "make", "car_model", "undone_by"
    )


def decisions_confused(*, make: str, model: str, car_id: int) -> QuerySet[Decision]:
    """Decisions for this car about listings whose photos said that make and model instead."""
    found = decisions_recent().filter(predicted__model__make=make, predicted__model__name=model)
    found = found.filter(Q(car_model=car_id) | Q(car_model__merged_into=car_id))
    return found.filter(undone_by=None, listing__isnull=False).prefetch_related("listing__photos")


def decided_today(*, moderator: User) -> int:
    """How many decisions a moderator made today (UTC)."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    made = Decision.objects.filter(moderator=moderator, created_at__gte=today, undone_by=None)
    answered = Opinion.objects.filter(moderator=moderator, answered_at__gte=today)
    return made.exclude(action=Decision.Action.UNDO).count() + answered.count()


def seller_record(*, seller: User) -> SellerRecord:
    """What happened to a seller's listings so far."""
    own = Listing.objects.filter(seller=seller)
    steps = StatusChange.objects.filter(listing__seller=seller)
    approved = steps.filter(step=StatusChange.Step.PUBLISH).values("listing").distinct().count()
    decisions = Decision.objects.filter(listing__seller=seller, undone_by=None)
    back = decisions.filter(action__in=(Decision.Action.REJECT, Decision.Action.CHANGES)).count()
    down = decisions.filter(action=Decision.Action.DOWN).count()
    on_sale = own.filter(status__in=ON_SALE).count()
    return SellerRecord(seller.date_joined, approved, on_sale, back, down, seller.suspended_at)


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
