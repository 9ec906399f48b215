"""Labelled photos as others keep them into manifest rows: one module per format.

Nothing is guessed in silence and nothing is changed at the source: what is not taken is listed with
its reason, and every label that the manifest spells in another way is told. Photos are not decoded
here; training reports those that turn out broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from classifier.names import name_key
from classifier.training.data.importers.coco import coco_read
from classifier.training.data.importers.filenames import filenames_read
from classifier.training.data.importers.folders import folders_read
from classifier.training.data.importers.json_lines import json_lines_read
from classifier.training.data.importers.makes import KnownMakes
from classifier.training.data.importers.patterns import PATTERNS, compiled
from classifier.training.data.importers.reading import Imported, LabelChange, Reading, Unread, label_text
from classifier.training.data.importers.stanford import stanford_read
from classifier.training.data.importers.table import table_import
from classifier.training.data.manifest import ManifestError
from classifier.training.data.same_files import two_labels
from classifier.training.data.tables import cell_label, cell_number

__all__ = ["PATTERNS", "Format", "Imported", "LabelChange", "Unread", "import_dataset"]

Format = Literal["folders", "filenames", "stanford", "csv", "jsonl", "coco"]
OPTIONS: Mapping[Format, tuple[str, ...]] = {
    "folders": ("pattern", "vehicle_pattern"),
    "filenames": ("pattern",),
    "stanford": (),
    "csv": ("columns",),
    "jsonl": (),
    "coco": (),
}
"""Which options mean something to a format."""
FILES = frozenset({"csv", "jsonl", "coco"})
"""Formats that are one file; the others are a folder."""
Spell = Callable[[str, str], str]
"""(make, model) → the model as it should be spelled."""


def import_dataset(
    *,
    format: Format,
    path: Path,
    pattern: str = "",
    vehicle_pattern: str = "",
    columns: Mapping[str, str] | None = None,
    makes: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
    spell: Spell = lambda make, model: model,
) -> Imported:
    """Read a data set.

    pattern: for filenames a name of PATTERNS, or a regular expression with groups make and, if it
    likes, model, year, vehicle; for folders how they lie in each other (folders.LAYOUTS), where
    that is not clear. vehicle_pattern (folders): a regular expression searched in the file name;
    its group is the vehicle's id, so r"^(\\d+)_" makes 851_1_x.jpg vehicle 851. Without it every
    photo counts as a car of its own. columns (csv): our column name → the table's. makes: known
    makes as they should be spelled; names are cleaned with them. aliases: other names of these
    ("VW" → "Volkswagen"). spell: how models are spelled; Stanford's stay as they are.

    Raises ManifestError if there is no data set, its layout is not clear, an option is wrong, or
    not one photo could be taken.
    """
    path = Path(path)
    if format not in get_args(Format):
        raise ManifestError(f"format {format!r} is none of {', '.join(get_args(Format))}")
    for option, value in {"pattern": pattern, "vehicle_pattern": vehicle_pattern, "columns": columns}.items():
        if value and option not in OPTIONS[format]:
            raise ManifestError(f"{option} means nothing to the format {format}: leave it out")
    if format in FILES and not path.is_file():
        raise ManifestError(f"{path}: no such file")
    if format not in FILES and not path.is_dir():
        raise ManifestError(f"{path}: no such folder")
    known = KnownMakes(makes, aliases or {})
    found = _read(format, path, known, pattern=pattern, vehicle_pattern=vehicle_pattern, columns=columns or {})
    if format != "stanford":
        _clean_labels(found, spell, nameless=format in FILES)
    _one_split_per_vehicle(found)
    if not found.rows:
        why = f": {found.unread[0].file}: {found.unread[0].reason}" if found.unread else ""
        raise ManifestError(f"{path}: not one labelled photo in it{why}")
    return Imported(
        rows=found.rows, unread=found.unread, boxes=found.boxes, changes=_changes(found),
        two_labels=[[found.rows[at] for at in group] for group in two_labels(found.rows)], notes=found.notes,
    )  # fmt: skip


def _read(
    format: Format, path: Path, makes: KnownMakes, *, pattern: str, vehicle_pattern: str, columns: Mapping[str, str]
) -> Reading:
    match format:
        case "folders":
            return folders_read(path, makes, pattern, compiled(vehicle_pattern) if vehicle_pattern else None)
        case "filenames":
            return filenames_read(path, makes, compiled(PATTERNS.get(pattern or "make_model_year", pattern), "make"))
        case "stanford":
            return stanford_read(path, makes)
        case "csv":
            return table_import(path, makes, columns)
        case "jsonl":
            return json_lines_read(path, makes)
        case "coco":
            return coco_read(path, makes)


def _clean_labels(found: Reading, spell: Spell, *, nameless: bool) -> None:
    """Read numbers and words for "nothing" as in tables, and spell models; nameless: rows without
    make are taken.

    Folders and file names are often made by programs from such tables.
    """
    rows, said = found.rows, found.said
    found.rows, found.said = [], []
    for row, text in zip(rows, said, strict=True):
        make, model, year = cell_label(row.make), cell_number(row.model), cell_number(row.year)
        if not make and (model or not nameless):
            found.leave(row.file, f"{text!r} names no make")
            continue
        found.take(replace(row, make=make, model=spell(make, model) if model else "", year=year), said=text)


def _one_split_per_vehicle(found: Reading) -> None:
    """A car of two splits would be learned and asked: it stays in the first it is met in."""
    splits: dict[str, str] = {}
    kept = []
    for row, said in zip(found.rows, found.said, strict=True):
        split = splits.setdefault(row.vehicle, row.split)
        if split == row.split:
            kept.append((row, said))
        else:
            found.leave(row.file, f"its car is in {split or 'no split'}, the photo in {row.split or 'no split'}")
    found.rows, found.said = [row for row, _ in kept], [said for _, said in kept]


def _changes(found: Reading) -> list[LabelChange]:
    """Labels that are not spelled as the source does, by what it says."""
    labels = [(said, (row.make, row.model, row.year)) for row, said in zip(found.rows, found.said, strict=True)]
    first = {key: row.file for key, row in zip(reversed(labels), reversed(found.rows), strict=True)}
    changes = []
    for (said, label), photos in Counter(labels).most_common():
        text = label_text(*label)
        if said != text:
            respelled = name_key(said) == name_key(text)
            changes.append(LabelChange(said, *label, photos, first[said, label], respelled))
    return changes
