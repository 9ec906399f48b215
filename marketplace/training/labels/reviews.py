"""Moderators' answers about doubtful labels, applied to the rows of a training."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from classifier.artefact import TrainedClass
from classifier.attributes import OTHER
from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.stages import counted
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.moderation.labels.doubts import labels_decided
from marketplace.moderation.models import LabelReview
from marketplace.training.labels.decisions import ClassNames, row_label


@dataclass(frozen=True)
class Applied:
    """One row that a moderator's answer changed or removed."""

    review: int
    """The LabelReview's key."""
    file: str
    source: str
    was: str
    now: str
    """Make, model and year; "no car"; "" = left out."""


@dataclass(frozen=True)
class Reviewed:
    """Rows with the moderators' answers applied."""

    rows: list[ManifestRow]
    applied: list[Applied]
    kept: int
    """Rows whose label a moderator found right."""

    @property
    def corrected(self) -> int:
        """How many rows have another label now."""
        return sum(bool(one.now) for one in self.applied)

    @property
    def discarded(self) -> int:
        """How many rows were left out."""
        return sum(not one.now for one in self.applied)

    @property
    def text(self) -> str:
        """One line; "" if no answer applied to any row."""
        if not self.applied and not self.kept:
            return ""
        left_out = counted(self.discarded, "photo")
        return f"moderators corrected {self.corrected:,} and kept {self.kept:,}; {left_out} left out"

    def write(self, path: Path) -> None:
        """Write as JSON whose answer changed which row. Raises OSError."""
        path.write_text(
            json.dumps([asdict(one) for one in self.applied], indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def labels_reviewed(
    *, rows: Sequence[ManifestRow], classes: Sequence[TrainedClass] = (), before: datetime | None = None
) -> Reviewed:
    """Correct or leave out rows as moderators answered.

    A photo is known by its content, whatever its file is called here; only files of the same size
    as a reviewed photo are read. The newest answer about a photo counts. A corrected car is named
    as in decisions.decision_rows; if its model cannot be told, the row keeps only the make. A photo
    that shows no car becomes one of kind "other". Files that cannot be read stay, because the
    cleaning reports them. before: later answers do not count.
    """
    answers = labels_decided() if before is None else labels_decided().filter(decided_at__lte=before)
    newest = {review.sha256: review for review in answers}
    sizes = {review.size for review in newest.values()}
    names = ClassNames(classes)
    kept_rows: list[ManifestRow] = []
    applied: list[Applied] = []
    kept = 0
    for row in rows:
        review = newest.get(_digest(row.path, sizes)) if newest else None
        if review is None:
            kept_rows.append(row)
            continue
        right = _answered(row, review, names)
        if right is not None:
            kept_rows.append(right)
        if right == row:
            kept += review.status == LabelReview.Status.KEPT
        else:
            now = right.label if right is not None else ""
            applied.append(Applied(review.pk, file=row.file, source=row.source, was=row_label(row), now=now))
    return Reviewed(kept_rows, applied, kept)


def _digest(path: Path, sizes: set[int]) -> str:
    """The sha256 of a file that has one of these sizes, else ""."""
    try:
        if path.stat().st_size not in sizes:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _answered(row: ManifestRow, review: LabelReview, names: ClassNames) -> ManifestRow | None:
    """The row as the moderator wants it; None if it is left out.

    A label that was kept holds for this content, so a manifest that calls the same file another car
    is wrong.
    """
    if review.status == LabelReview.Status.CORRECTED:
        return _relabelled(row, review, names)
    if review.status == LabelReview.Status.NO_CAR:
        return replace(row, make="", model="", year="", kind=OTHER, view="", body="")
    if review.status != LabelReview.Status.KEPT:
        return None
    stated = replace(row, make=review.make, model=review.model, year=review.year)
    return stated if contradicts(row, stated) else row


def _relabelled(row: ManifestRow, review: LabelReview, names: ClassNames) -> ManifestRow:
    make, model, year = review.right_make, review.right_model, review.right_year
    if model and not year:  # chosen from the catalogue, whose names may differ from the model's
        car = catalogue_resolve(make=make, model=model).car_model
        if car is not None and (car.make.name, car.name) == (make, model):
            make, model, year = names.of(car)
    return replace(row, make=make, model=model, year=year)
