"""What people decided, as labelled photos."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings

from classifier.artefact import TrainedClass
from classifier.names import name_key
from classifier.training.data.manifest import DECISIONS, ManifestRow
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve_many
from marketplace.moderation.models import Decision
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

DECISION_COLUMNS = (
    "photo", "file", "listing", "decision", "action", "make", "model", "decided_by", "decided_at",
)  # fmt: skip
FILES_AT_ONCE = 500
SOURCE = DECISIONS
"""Vehicle ids begin with it, as they do with the folder's name of any other manifest: see ManifestRow.source."""


def decision_rows(*, classes: Sequence[TrainedClass] = (), before: datetime | None = None) -> list[ManifestRow]:
    """Photos from outside of every listing whose car a person confirmed or corrected, newest decision per listing.

    What policy approved last is not here: a model must not learn from its own opinion. A listing that was rejected
    last is not, either: nobody said what car it is. With ``classes`` (a model's) a car is named as that model names it
    wherever it has exactly one name for it ("3 Series" of the catalogue, "3 Series Sedan" of the model).
    before: decisions made later do not count.
    """
    names = ClassNames(classes)
    newest: dict[int, Decision] = {}
    # Policy's approvals take part as well: the listing was changed and handed in anew since a person decided.
    decisions = Decision.objects.filter(listing__isnull=False)
    if before is not None:
        decisions = decisions.filter(created_at__lte=before)
    for decision in decisions.select_related("listing", "make", "car_model__make").order_by("pk"):
        if decision.listing_id is not None:
            newest[decision.listing_id] = decision
    taught = {
        listing: decision
        for listing, decision in newest.items()
        if decision.action in (Decision.Action.ACCEPT, Decision.Action.CORRECT) and decision.car_model is not None
    }
    photos = Photo.objects.filter(listing_id__in=taught, status=Photo.Status.DONE, kind="exterior")
    rows = []
    missing = 0
    for photo in photos.order_by("listing_id", "position", "pk"):
        decision = taught[photo.listing_id or 0]
        path = Path(photo.file.path)
        if decision.car_model is None or photo.created_at > decision.created_at:
            continue  # nobody has seen this photo yet who knows the car
        if not path.is_file():
            missing += 1
            continue
        make, model, year = names.of(decision.car_model)
        rows.append(
            ManifestRow(
                path=path,
                file=path.name,
                make=make,
                model=model,
                year=year,
                vehicle=f"{SOURCE}/listing-{decision.listing_code}",
                kind="exterior",
                source=SOURCE,
            )
        )
    if missing:
        log.warning("photos_of_decisions_missing", photos=missing, folder=str(settings.MEDIA_ROOT))
    return rows


def decisions_write(*, path: Path, rows: Iterable[ManifestRow], before: datetime) -> int:
    """Write which decision taught which of the rows' photos, as CSV; how many. Raises OSError.

    before: when the rows were collected. Decisions are only ever added, so those of before that are what was read.
    """
    files = [f"{Photo._meta.get_field('file').upload_to}/{row.path.name}" for row in rows if row.source == SOURCE]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(DECISION_COLUMNS)
        for start in range(0, len(files), FILES_AT_ONCE):
            photos = list(Photo.objects.filter(file__in=files[start : start + FILES_AT_ONCE]).order_by("listing", "pk"))
            decisions = Decision.objects.filter(
                listing__in={photo.listing_id for photo in photos}, created_at__lte=before
            )
            newest = {
                decision.listing_id: decision
                for decision in decisions.select_related("moderator", "make", "car_model").order_by("pk")
            }
            for photo in photos:
                decision = newest.get(photo.listing_id)
                if decision is None:
                    continue  # its listing was deleted this moment
                writer.writerow([
                    photo.pk, photo.file.name, decision.listing_code, decision.pk, decision.action, decision.make,
                    decision.car_model, decision.moderator, decision.created_at.isoformat(),
                ])  # fmt: skip
    return len(files)


def unknown_makes(*, rows: Iterable[ManifestRow]) -> dict[str, int]:
    """Makes that the catalogue does not have, with how many photos, most first; {} on a site without a catalogue."""
    if not Make.objects.exists():
        return {}
    photos = Counter(row.make for row in rows if row.make)
    found = catalogue_resolve_many((make, "") for make in photos)
    return {make: count for make, count in photos.most_common() if found[make, ""].make is None}


class ClassNames:
    """How a model names the catalogue's cars."""

    def __init__(self, classes: Sequence[TrainedClass]) -> None:
        self._by_name: dict[tuple[str, str], list[TrainedClass]] = {}
        self._by_car: dict[int, list[TrainedClass]] = {}
        cars = catalogue_resolve_many((one.make, one.model) for one in classes)
        for one in classes:
            self._by_name.setdefault((name_key(one.make), name_key(one.model)), []).append(one)
            found = cars[one.make, one.model].car_model if one.model else None
            if found is not None:
                self._by_car.setdefault(found.pk, []).append(one)

    def of(self, car: CarModel) -> tuple[str, str, str]:
        """Make, model and year; the catalogue's own names where the model has none or several."""
        own = (car.make.name, car.name, "")
        same = self._by_name.get((name_key(car.make.name), name_key(car.name)))
        known = same or self._by_car.get(car.pk, [])
        if len(known) == 1:
            return known[0].make, known[0].model, known[0].years
        if same:
            return same[0].make, same[0].model, ""
        return own
