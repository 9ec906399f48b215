"""Any table with a column of files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from classifier.training.data.file_names import NamedFiles, is_file
from classifier.training.data.importers.makes import KnownMakes
from classifier.training.data.importers.reading import Reading, label_text, row_of
from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import COLUMNS, ManifestError, ManifestRow, row_cells, row_problem
from classifier.training.data.stages import counted
from classifier.training.data.tables import Table, TableError, TableRow, cell_number, table_read

LABEL = ("make", "model", "year")
_MONTH = "(?:jan|feb|mar|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"
_DATE = re.compile(rf"\d{{1,2}}[-. ]+{_MONTH}|{_MONTH}[-. ]+\d\d|\d{{4}}-\d\d-\d\d(?: 00:00:00)?", re.IGNORECASE)
"""What spreadsheets make of the Saab 9-3."""
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?e\+\d+", re.IGNORECASE)
"""What spreadsheets make of long numbers."""


def table_import(path: Path, makes: KnownMakes, columns: Mapping[str, str]) -> Reading:
    """Read a table. columns: our column → the table's. Raises ManifestError."""
    return rows_import(_table(path, columns), makes, folder=path.parent)


def rows_import(table: Table, makes: KnownMakes, *, folder: Path) -> Reading:
    """Rows with the cells of COLUMNS, whatever they were read from; photos lie below `folder`."""
    found = Reading(notes=list(table.notes))
    files = NamedFiles(folder)
    first: dict[str, tuple[TableRow, ManifestRow]] = {}
    doubted: set[int] = set()
    numbers: list[int] = []
    shortened = 0
    for one in table.rows:
        value = row_cells(one.cells) | {"vehicle": cell_number(one.cells["vehicle"])}
        photo = files.find(value.pop("file"))
        problem = one.problem or _problem(photo, one, value)
        if problem:
            found.leave(_where(one), problem)
            continue
        shortened += bool(_SHORTENED.fullmatch(value["vehicle"]))
        label = (*makes.clean(value.pop("make"), value.pop("model")), value.pop("year"))
        row = row_of(folder, photo, label, **value)
        earlier, same = first.setdefault(os.path.normpath(photo), (one, row))
        if earlier is one:
            found.take(row, said=label_text(*(one.cells[name] for name in LABEL)))
            numbers.append(one.number)
        elif contradicts(same, row):
            for doubtful in (one,) if earlier.number in doubted else (earlier, one):
                found.leave(_where(doubtful), "another row calls the same photo another car: neither is taken")
            doubted.add(earlier.number)
        else:
            found.leave(_where(one), "an earlier row names the same photo")
    kept = [at for at, number in enumerate(numbers) if number not in doubted]
    found.rows, found.said = [found.rows[at] for at in kept], [found.said[at] for at in kept]
    if shortened:
        found.notes.append(
            f"{counted(shortened, 'vehicle id')} shortened by a spreadsheet (1.2E+11): cars may share one"
        )
    return found


def _table(path: Path, columns: Mapping[str, str]) -> Table:
    for ours in columns:
        if ours not in COLUMNS:
            raise ManifestError(f"column {ours!r} is none of {', '.join(COLUMNS)}")
    theirs = {name: columns.get(name, name) for name in COLUMNS}
    try:
        return table_read(path, columns=theirs, required=list(dict.fromkeys(("file", "make", *columns))))
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    except TableError as error:
        raise ManifestError(f"{path}: {error}") from error


def _problem(photo: Path, one: TableRow, value: Mapping[str, str]) -> str:
    if not one.cells["file"] or not is_file(photo):
        return "no such photo"
    if _DATE.fullmatch(value["model"]):
        return f"the model {value['model']!r} is a date, which a spreadsheet may have made of it"
    return row_problem(value)


def _where(one: TableRow) -> str:
    return f"row {one.number} ({' '.join(one.cells['file'].split()) or 'no file'})"
