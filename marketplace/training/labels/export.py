"""Export moderators' decisions as a manifest."""

from dataclasses import dataclass, replace
from pathlib import Path

from classifier.training.data.manifest import manifest_write
from marketplace.refusals import Refused
from marketplace.training.labels.decisions import SOURCE, decision_rows, newest_decisions
from marketplace.training.labels.kinds import kind_rows
from marketplace.training.labels.no_car import no_car_rows


class ExportRefused(Refused):
    """There is nothing to export; the message is one clear line for the operator."""


@dataclass(frozen=True)
class LabelsExport:
    """What was written."""

    manifest: Path
    photos: int
    vehicles: int


def labels_export(*, path: Path) -> LabelsExport:
    """Write the photos that people decided about as a manifest; the photos stay where they are.

    Photos that show no car, by a moderator's word, are of kind "other" and name none; so do those
    of which a moderator said what they show.

    Raises ExportRefused or ManifestError.
    """
    # A photo has one row: the car that it shows says more than that it shows one.
    rows, seen = [], set[str]()
    for row in [*decision_rows(), *no_car_rows(newest=newest_decisions()), *kind_rows()]:
        if row.file not in seen:
            seen.add(row.file)
            rows.append(row)
    if not rows:
        raise ExportRefused("No person has confirmed or corrected a listing with photos from outside yet.")
    # Whoever reads the manifest puts its folder's name in front of the ids.
    written = [replace(row, vehicle=row.vehicle.removeprefix(f"{SOURCE}/")) for row in rows]
    manifest_write(path, written)
    return LabelsExport(manifest=path, photos=len(rows), vehicles=len({row.vehicle for row in rows}))
