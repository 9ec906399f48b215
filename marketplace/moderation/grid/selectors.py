"""Which waiting listings the photos say the same car of, and what the grid shows of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import Resolved, catalogue_resolve_many
from marketplace.listings.models import Listing
from marketplace.moderation.reasons import reasons_of
from marketplace.moderation.selectors import Car, ReviewPhoto, claimed_by_others, queue_seen
from marketplace.moderation.services import left_to_others
from marketplace.photos.models import Photo
from marketplace.photos.selectors import photos_predicted, prediction_latest

THRESHOLDS = (80, 90, 95, 99)
"""In percent, as the page offers them."""
THRESHOLD = 90
TILES = 40
"""On one screen: more than anybody looks at before pressing a key."""
GROUPS = 60
"""Cars that are offered, those that most listings wait for first."""


@dataclass(frozen=True)
class Group:
    """A car, and how many listings wait whose photos say that it is theirs."""

    car: Car
    count: int


@dataclass(frozen=True)
class Tile:
    """One listing of a group."""

    listing: Listing
    shown: ReviewPhoto
    photos: int
    percent: int
    says: str
    """What the seller says, where it is another car; else empty."""
    warnings: Sequence[str]
    """Why it is not among those that are accepted unless the moderator adds it."""

    @property
    def doubtful(self) -> bool:
        return bool(self.says or self.warnings)

    @property
    def value(self) -> str:
        """What a form sends of it: its code, and when what is shown was handed in."""
        submitted = self.listing.submitted_at
        return f"{self.listing.code} {submitted.isoformat() if submitted else ''}"


@dataclass(frozen=True)
class _Row:
    pk: int
    confidence: float
    found: Resolved


def groups(*, moderator: User, percent: int, skip: Collection[str] = ()) -> list[Group]:
    """Every car that waiting listings' photos say with this confidence, the most listings first."""
    counts = Counter(
        (row.found.make, row.found.car_model) for row in _rows(moderator=moderator, percent=percent, skip=skip)
    )
    found = [Group(Car(make, car_model), count) for (make, car_model), count in counts.items() if make is not None]
    return sorted(found, key=lambda group: (-group.count, str(group.car)))[:GROUPS]


def tiles(
    *, moderator: User, make: Make, car_model: CarModel, percent: int, skip: Collection[str] = ()
) -> tuple[list[Tile], int]:
    """The group's first listings, the surest first, and how many there are in all."""
    rows = [row for row in _rows(moderator=moderator, percent=percent, skip=skip) if row.found == (make, car_model)]
    rows.sort(key=lambda row: (-row.confidence, row.pk))
    shown = rows[:TILES]
    keys = [row.pk for row in shown]
    listings = Listing.objects.select_related("make", "car_model", "seller").in_bulk(keys)
    photos = _photos(keys)
    made = [
        _tile(listings[row.pk], row.confidence, (make, car_model), photos[row.pk])
        for row in shown
        if row.pk in listings and photos.get(row.pk)
    ]
    return made, len(rows)


def _waiting(*, moderator: User, skip: Collection[str]) -> QuerySet[Listing]:
    """What this moderator may decide here. The change of a car on sale is not among it: once
    approved it cannot be undone, and the grid promises that."""
    return (
        queue_seen()
        .filter(status=Listing.Status.SUBMITTED, revises=None)
        .exclude(seller=moderator)
        .exclude(code__in=skip)
        .exclude(pk__in=left_to_others(moderator))
        .exclude(pk__in=claimed_by_others(moderator=moderator).values("listing_id"))
    )


def _rows(*, moderator: User, percent: int, skip: Collection[str]) -> list[_Row]:
    """The waiting listings whose photos' likeliest model has this confidence, and is known to the
    catalogue. Look-alikes are left out: photos cannot tell them apart, however sure they are."""
    said = (
        _waiting(moderator=moderator, skip=skip)
        .filter(certainty__gte=percent / 100, verdict__model__isnull=False)
        .exclude(verdict__model__alike__0__isnull=False)
        # As text: the model's name may be a number, such as Peugeot's 206.
        .annotate(seen_make=KT("verdict__model__make"), seen_model=KT("verdict__model__name"))
        .order_by()
        .values_list("pk", "certainty", "seen_make", "seen_model")
    )
    rows = [(pk, sure, (make, model)) for pk, sure, make, model in said if make and model]
    found = catalogue_resolve_many(car for _, _, car in rows)
    return [_Row(pk, float(sure or 0.0), found[car]) for pk, sure, car in rows if found[car].car_model is not None]


def _photos(listings: Sequence[int]) -> dict[int, list[ReviewPhoto]]:
    """The listings' photos, those that show the car from outside first."""
    found: dict[int, list[ReviewPhoto]] = {}
    for photo in photos_predicted(listings=listings):
        found.setdefault(photo.listing_id or 0, []).append(ReviewPhoto(photo, prediction_latest(photo=photo)))
    for shown in found.values():
        shown.sort(key=lambda one: (one.photo.outcome != Photo.Outcome.OK, one.photo.position))
    return found


def _tile(listing: Listing, confidence: float, car: tuple[Make, CarModel], photos: Sequence[ReviewPhoto]) -> Tile:
    stated = f"{listing.make_name} {listing.model_name}".strip()
    same = not stated or (not listing.unlisted and (listing.make, listing.car_model) == car)
    warnings = [found.words for found in reasons_of(listing) if found.reason.warns and found.code != "contradiction"]
    return Tile(listing, photos[0], len(photos), round(confidence * 100), "" if same else stated, warnings)
