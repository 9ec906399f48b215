"""manifest.csv: labelled photos.

Columns `file, make, model, year, vehicle, kind, view, body, split`; only `file`, `make` and `model`
are required.

`file` is relative to the manifest's folder. It need not be UTF-8, because file names need not.
`vehicle` names one physical car: all its photos are of one split. Where it is missing every photo
is a vehicle of its own. Other cells are read as a spreadsheet or a program meant them: `208.0` is
the model 208, `nan` and `-` are no model.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from classifier.attributes import KINDS
from classifier.durable import text_beside
from classifier.training.data.file_names import Bounds, NamedFiles, is_file
from classifier.training.data.tables import (
    TableError,
    TableRow,
    cell_id,
    cell_label,
    cell_number,
    formula_safe,
    formula_unquoted,
    is_text,
    table_read,
)

DECISIONS = "decisions"
"""Source of the photos whose car a moderator decided: they are trusted more than any manifest."""
COLUMNS = ("file", "make", "model", "year", "vehicle", "kind", "view", "body", "split")
REQUIRED = ("file", "make", "model")
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
"""What a photo is for, in the order in which photos are learned from."""
ROW_KINDS = ("", *KINDS, "damage")
ROW_SPLITS = ("", *SPLITS, "calibrate")
"""What the columns `kind` and `split` may say."""


REMEMBERED = Path("remembered")
"""Where photos lie that are only remembered: nowhere."""


class ManifestError(Exception):
    """A manifest cannot be used; the message is one line that names the file and the row."""


@dataclass(frozen=True)
class ManifestRow:
    """One labelled photo."""

    path: Path
    """Where the photo is."""
    file: str
    """As the manifest names it; bytes that are no UTF-8 are escaped, for hashes and reports."""
    make: str
    model: str
    year: str = ""
    vehicle: str = ""
    """Never empty after reading; unique to the manifest's folder."""
    kind: str = ""
    """exterior, interior, detail, other (no car), damage or "" (not said: taken for exterior)."""
    view: str = ""
    body: str = ""
    split: str = ""
    """train, val (half of it is test), calibrate (all of it val), test or "": see
    split.split_of."""
    source: str = ""
    """Name of the manifest's folder; figures are given per source."""

    @property
    def label(self) -> str:
        """The car as people write it."""
        return " ".join(filter(None, (self.make, self.model, self.year))) or "no car"

    @property
    def at_hand(self) -> bool:
        """Whether there is a picture, and not only a memory of it (data.memory)."""
        return self.path.parent != REMEMBERED

    @property
    def exterior(self) -> bool:
        """Whether the photo is meant to show a car from outside."""
        return self.kind in ("", "exterior")


def manifest_read(path: Path) -> list[ManifestRow]:
    """Read and check a manifest. Raises ManifestError.

    Which files it may name: see file_names.Bounds.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "manifest.csv"
    try:
        table = table_read(path, columns={name: name for name in COLUMNS}, required=REQUIRED, only_utf8=True)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    except TableError as error:
        raise ManifestError(f"{path}: {error}") from error
    if not table.rows:
        raise ManifestError(f"{path}: has no rows")
    source = path.parent.resolve().name.encode(errors="backslashreplace").decode()
    files, bounds = NamedFiles(path.parent), Bounds(path.parent)
    rows = {one.number: _row(path, one, files, bounds, source=source) for one in table.rows}
    _check_vehicles(path, rows)
    return list(rows.values())


def _row(path: Path, one: TableRow, files: NamedFiles, bounds: Bounds, *, source: str) -> ManifestRow:
    where = f"{path}: row {one.number}"
    if one.problem:
        raise ManifestError(f"{where}: {one.problem}")
    value = row_cells(one.cells)
    _check_text(where, value)
    if not value["file"]:
        raise ManifestError(f"{where}: no file")
    photo = files.find(value["file"])
    if not is_file(photo):
        aside = "" if is_text(value["file"]) else " (this name is not in UTF-8)"
        raise ManifestError(f"{where}: no photo {value['file']}{aside}")
    if problem := bounds.problem(photo):
        raise ManifestError(f"{where}: {value['file']} {problem}")
    if problem := row_problem(value):
        raise ManifestError(f"{where}: {problem}")
    value["vehicle"] = f"{source}/{value['vehicle'] or value['file']}"
    # Only the path has to open something; all else is text.
    texts = {name: text.encode(errors="backslashreplace").decode() for name, text in value.items()}
    return ManifestRow(path=photo, source=source, **texts)


def row_cells(cells: Mapping[str, str]) -> dict[str, str]:
    """A table's cells as a manifest's: see tables.cell_label and cell_number.

    File and vehicle stay as they stand.
    """
    value = {name: formula_unquoted(cell_label(text)) for name, text in cells.items()}
    value |= {name: formula_unquoted(cell_number(cells[name])) for name in ("model", "year")}
    return value | {"file": cells["file"].strip(), "vehicle": formula_unquoted(cell_id(cells["vehicle"]))}


def row_problem(value: Mapping[str, str]) -> str:
    """What is wrong with a row's labels; "" if nothing."""
    if value["kind"] not in ROW_KINDS:
        return f"kind {value['kind']!r} is none of {', '.join(ROW_KINDS[1:])}"
    if value["split"] not in ROW_SPLITS:
        return f"split {value['split']!r} is none of {', '.join(ROW_SPLITS[1:])}"
    return "a model but no make" if value["model"] and not value["make"] else ""


def _check_text(where: str, value: Mapping[str, str]) -> None:
    """Labels are text, or models would be trained to say what nobody can read."""
    for name in COLUMNS:
        if name not in ("file", "vehicle") and not is_text(value[name]):  # a car's id may come from the file's
            raise ManifestError(f"{where}: {name} {value[name]!r} is not in UTF-8")


def _check_vehicles(path: Path, rows: Mapping[int, ManifestRow]) -> None:
    splits: dict[str, str] = {}
    for number, row in rows.items():
        if splits.setdefault(row.vehicle, row.split) != row.split:
            raise ManifestError(f"{path}: row {number}: vehicle {row.vehicle} stands on two sides of the split")


def manifest_write(path: Path, rows: Iterable[ManifestRow]) -> int:
    """Write rows as a manifest, atomically, and say how many. Raises ManifestError.

    Photos are named relative to its folder.
    """
    if path.exists() and not path.is_file():
        # Renaming onto it would put a file in the place of a device, for everybody on this machine.
        raise ManifestError(f"{path}: cannot be written (it is there and is no file)")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = path.parent.absolute()
        with text_beside(path, newline="", errors="surrogateescape") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in rows:
                _check_text(str(row.path), vars(row))
                relative = os.path.relpath(row.path.absolute(), folder)
                if formula_safe(relative) != relative:
                    relative = f".{os.sep}{relative}"  # the same file, and no formula
                writer.writerow([relative, *(formula_safe(getattr(row, name)) for name in COLUMNS[1:])])
                count += 1
    except OSError as error:
        raise ManifestError(f"{path}: cannot be written ({error.strerror})") from error
    return count


def manifest_sha256(rows: Iterable[ManifestRow]) -> str:
    """What a model is trained on, as one hash, whatever the order of the rows."""
    names = [f.name for f in fields(ManifestRow) if f.name != "path"]
    lines = sorted("\x1f".join(str(getattr(row, name)) for name in names) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
