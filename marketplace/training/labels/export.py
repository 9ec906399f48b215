"""Export moderators' decisions as labels."""

from dataclasses import dataclass, replace
from pathlib import Path

from marketplace.training.labels.decisions import SOURCE, decision_rows, newest_decisions
from marketplace.training.labels.formats import ExportRefused, LabelFormat, labels_write
from marketplace.training.labels.kinds import kind_rows
from marketplace.training.labels.no_car import no_car_rows


@dataclass(frozen=True)
class LabelsExport:
    """What was written."""

    manifest: Path
    """The file, or the folder of class folders."""
    photos: int
    vehicles: int
    left_out: int
    """Photos that the format cannot hold: in class folders those without a car."""


def labels_export(*, path: Path, format: LabelFormat = "manifest") -> LabelsExport:
    """Write the photos that people decided about; but for class folders they stay where they are.

    Photos that show no car, by a moderator's word, are of kind "other" and name none; so do those
    of which a moderator said what they show.

    Raises ExportRefused, ManifestError or OSError.
    """
    # A photo has one row: the car that it shows says more than that it shows one.
    rows, seen = [], set[str]()
    for row in [*decision_rows(), *no_car_rows(newest=newest_decisions()), *kind_rows()]:
        if row.file not in seen:
            seen.add(row.file)
            rows.append(row)
    if not rows:
        raise ExportRefused("No person has confirmed or corrected a listing with photos from outside yet.")
    # Whoever reads the labels puts their folder's name in front of the ids.
    written = [replace(row, vehicle=row.vehicle.removeprefix(f"{SOURCE}/")) for row in rows]
    photos = labels_write(path=path, rows=written, format=format)
    return LabelsExport(
        manifest=path, photos=photos, vehicles=len({row.vehicle for row in rows}), left_out=len(rows) - photos
    )
