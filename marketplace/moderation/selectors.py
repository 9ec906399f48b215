"""What waits for review, and what was decided."""

from dataclasses import dataclass

from django.db.models import BooleanField, Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import car_find, catalogue_resolve, make_find
from marketplace.listings.models import Listing
from marketplace.moderation.models import Claim, Decision
from marketplace.photos.models import Photo

SEARCH_RESULTS = 9
UNSETTLED = (Photo.Status.PENDING, Photo.Status.CLAIMED)
UNSEEN = (*UNSETTLED, Photo.Status.FAILED)


@dataclass(frozen=True)
class Car:
    """A make and model of the catalogue that a moderator may choose. ``value`` names it in a form."""

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
class UnknownCar:
    """A candidate that the catalogue does not have, so that nobody can choose it."""

    name: str
    confidence: float
    years: str = ""


def queue() -> QuerySet[Listing]:
    """Listings that wait for review, least certain first. ``looking``: photos are still being looked at.

    Nothing recognised at all is least certain; then what contradicts the seller, however sure the machine is; then by
    confidence. Listings whose photos are still being looked at come last: their order is not known yet.
    """
    looking = Photo.objects.filter(listing=OuterRef("pk"), status__in=UNSETTLED)
    doubt = Case(
        When(certainty__isnull=True, then=Value(-2.0)),
        When(~Q(contradiction=""), then=Value(-1.0)),
        default=F("certainty"),
        output_field=FloatField(),
    )
    return (
        Listing.objects.filter(status=Listing.Status.SUBMITTED)
        .annotate(looking=Exists(looking, output_field=BooleanField()), doubt=doubt)
        .select_related("make", "car_model", "seller")
        .order_by("looking", "doubt", "submitted_at", "pk")
    )


def queue_seen() -> QuerySet[Listing]:
    """The queue without listings that have a photo which the machine has not seen: not yet, or it failed at it."""
    return queue().exclude(photos__status__in=UNSEEN)


def claimed_by_others(*, moderator: User | None) -> QuerySet[Claim]:
    """Claims that still hold, of anybody else than ``moderator``."""
    claims = Claim.objects.filter(expires_at__gt=timezone.now())
    return claims if moderator is None else claims.exclude(moderator=moderator)


def decision_last(*, listing: Listing) -> Decision | None:
    """The newest decision on a listing."""
    return decisions_recent().filter(listing=listing).first()


def decisions_recent() -> QuerySet[Decision]:
    """All decisions, newest first, with everything a page shows of them."""
    return Decision.objects.select_related(
        "listing", "moderator", "model_version", "stated_make", "stated_model", "make", "car_model"
    )


def candidates_of(*, listing: Listing) -> list[Car | UnknownCar]:
    """The verdict's candidates as cars of the catalogue, likeliest first, at most five.

    Trained classes that are one model in the catalogue ("3 Series Sedan", "3 Series Wagon") become one candidate.
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
    """Cars whose name holds this text, the best match first: "oct", "vw up", "skoda octavia combi"."""
    key = name_key(text)
    if not key:
        return []
    found: dict[str, Car] = {}
    exact = car_find(text)
    if exact is not None:
        car = Car(*exact)
        found[car.value] = car
    named = CarModel.objects.select_related("make").annotate(full=Concat("make__key", "key"))
    begins = Q(key__startswith=key) | Q(full__startswith=key) | Q(aliases__key__startswith=key)
    for condition in (begins, Q(full__contains=key)):
        rows = named.filter(condition).order_by("make__name", "name").distinct()[: SEARCH_RESULTS * 2]
        for row in rows:
            car = Car(row.make, row)
            found.setdefault(car.value, car)
    for make in Make.objects.filter(Q(key__startswith=key) | Q(aliases__key__startswith=key)).distinct()[:2]:
        car = Car(make, None)
        found.setdefault(car.value, car)
    whole_make = make_find(text)
    meant = Car(whole_make, None) if whole_make else Car(*exact) if exact and exact[1] else None

    def distance(car: Car) -> tuple[bool, bool, int, str]:
        # What the text names in full, then models before bare makes, then the shortest name, which is the one most
        # likely meant: "golf" is the Golf before the Golf Sportsvan.
        return car != meant, car.car_model is None, len(str(car)), str(car)

    return sorted(found.values(), key=distance)[:SEARCH_RESULTS]
