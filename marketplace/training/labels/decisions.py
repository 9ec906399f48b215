"""Moderators' decisions as labelled photos."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from classifier.artefact import TrainedClass
from classifier.durable import text_beside
from classifier.names import name_key
from classifier.training.data.manifest import DECISIONS, ManifestRow
from classifier.training.data.tables import formula_safe
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve_many
from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision
from marketplace.photos.copies import photo_copies
from marketplace.photos.models import Photo
from marketplace.training.labels.kinds import not_exterior

log = structlog.get_logger(__name__)

DECISION_COLUMNS = (
    "photo", "file", "listing", "decision", "action", "make", "model", "decided_by", "decided_at",
)  # fmt: skip
FILES_AT_ONCE = 500
SOURCE = DECISIONS
"""The source of these rows, and the prefix of their vehicle ids: see ManifestRow.source."""


def decision_rows(*, classes: Sequence[TrainedClass] = (), before: datetime | None = None) -> list[ManifestRow]:
    """The exterior photos of every listing whose car a person confirmed or corrected.

    A listing's newest decision counts. Listings that policy approved are left out, so that no model
    learns from its own answers; so are rejected ones, whose car nobody named. classes: a model's
    classes; a car is named as they name it where they have exactly one name for it ("3 Series
    Sedan" instead of the catalogue's "3 Series"). before: decisions made later do not count.
    """
    names = ClassNames(classes)
    confirmed = {
        listing: decision
        for listing, decision in newest_decisions(before).items()
        if decision.action in (Decision.Action.ACCEPT, Decision.Action.CORRECT) and decision.car_model is not None
    }
    found = Photo.objects.filter(listing_id__in=confirmed, status=Photo.Status.DONE, kind="exterior")
    found = found.exclude(pk__in=not_exterior())
    photos = [
        photo
        for photo in found.order_by("listing_id", "position", "pk")
        # Not those added after the decision: nobody has said that they show this car.
        if photo.created_at <= confirmed[photo.listing_id or 0].created_at
    ]
    copies = photo_copies(photos)
    rows = []
    missing = 0
    for photo in photos:
        decision = confirmed[photo.listing_id or 0]
        path = copies.get(str(photo.pk))
        if path is None or decision.car_model is None:
            missing += 1
            continue
        make, model, year = names.of(decision.car_model.now)
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
        log.warning("photos_of_decisions_missing", photos=missing)
    return rows


def newest_decisions(before: datetime | None = None) -> dict[int, Decision]:
    """Each listing's newest decision, by the listing's key.

    Policy's approvals are among them: a listing that policy approved after a person's decision was
    changed and submitted again in between, so the person's decision no longer holds. So are undone
    decisions' undoings, and listings that were taken down: their label is withdrawn.
    """
    decisions = Decision.objects.filter(listing__isnull=False).exclude(listing__status=Listing.Status.DELETED)
    decisions = decisions.exclude(action=Decision.Action.UNSURE)  # it says nothing of the car
    if before is not None:
        decisions = decisions.filter(created_at__lte=before)
    newest: dict[int, Decision] = {}
    for decision in decisions.select_related(
        "listing", "make", "car_model__make", "car_model__merged_into__make"
    ).order_by("pk"):
        if decision.listing_id is not None:
            newest[decision.listing_id] = decision
    return newest


def decisions_write(*, path: Path, rows: Iterable[ManifestRow], before: datetime) -> int:
    """Write a CSV table of which decision labelled which photo; returns the number of photos.

    before: when the rows were collected. Decisions are never changed, so those made before then are
    the ones that the rows came from. Raises OSError.
    """
    files = [photo_file(row) for row in rows if row.source == SOURCE]
    with text_beside(path, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(DECISION_COLUMNS)
        for start in range(0, len(files), FILES_AT_ONCE):
            cells = _decision_cells(files[start : start + FILES_AT_ONCE], before)
            writer.writerows(["" if cell is None else formula_safe(str(cell)) for cell in row] for row in cells)
    return len(files)


def _decision_cells(files: Sequence[str], before: datetime) -> Iterator[list[object]]:
    """A row of DECISION_COLUMNS for each photo with one of these files."""
    photos = list(Photo.objects.filter(file__in=files).order_by("listing", "pk"))
    decisions = Decision.objects.filter(listing__in={photo.listing_id for photo in photos}, created_at__lte=before)
    newest = {
        decision.listing_id: decision
        for decision in decisions.select_related("moderator", "make", "car_model").order_by("pk")
    }
    for photo in photos:
        decision = newest.get(photo.listing_id)
        if decision is None:
            continue  # the listing was deleted a moment ago
        yield [
            photo.pk, photo.file.name, decision.listing_code, decision.pk, decision.action, decision.make,
            decision.car_model, decision.moderator, decision.created_at.isoformat(),
        ]  # fmt: skip


def photo_file(row: ManifestRow) -> str:
    """The name that the Photo of a decision's row has in the database."""
    return f"{Photo._meta.get_field('file').upload_to}/{row.path.name}"


def row_label(row: ManifestRow) -> str:
    """Make, model and year in words; "" if the row has none."""
    return " ".join(part for part in (row.make, row.model, row.year) if part)


def unknown_makes(*, rows: Iterable[ManifestRow]) -> dict[str, int]:
    """Makes that the catalogue does not have, with their number of photos, the most first.

    Empty on a site without a catalogue.
    """
    if not Make.objects.exists():
        return {}
    photos = Counter(row.make for row in rows if row.make)
    found = catalogue_resolve_many((make, "") for make in photos)
    return {make: count for make, count in photos.most_common() if found[make, ""].make is None}


class ClassNames:
    """The names that a model's classes have for the catalogue's cars."""

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
        """Make, model and year; the catalogue's own names if the classes have none or several."""
        own = (car.make.name, car.name, "")
        same = self._by_name.get((name_key(car.make.name), name_key(car.name)))
        known = same or self._by_car.get(car.pk, [])
        if len(known) == 1:
            return known[0].make, known[0].model, known[0].years
        if same:
            return same[0].make, same[0].model, ""
        return own
