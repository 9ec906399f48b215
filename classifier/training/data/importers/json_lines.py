"""JSON Lines: an object per line with the columns of a manifest."""

from __future__ import annotations

import json
from pathlib import Path

from classifier.training.data.importers.makes import KnownMakes
from classifier.training.data.importers.reading import Reading
from classifier.training.data.importers.table import rows_import
from classifier.training.data.manifest import COLUMNS, ManifestError
from classifier.training.data.tables import Table, TableRow

_SCALARS = (str, int, float)


def json_lines_read(path: Path, makes: KnownMakes) -> Reading:
    """Read one object per line; other keys than COLUMNS are passed over. Raises ManifestError.

    Rows are counted as lines. A line that is no object costs that line alone.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: is not in UTF-8") from error
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    rows = [_row(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return rows_import(Table(rows=rows), makes, folder=path.parent)


def _row(number: int, line: str) -> TableRow:
    empty = dict.fromkeys(COLUMNS, "")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return TableRow(number, empty, "is no JSON")
    if not isinstance(said, dict):
        return TableRow(number, empty, "is no JSON object")
    wrong = [name for name in COLUMNS if not _is_cell(said.get(name))]
    cells = {name: "" if name in wrong or said.get(name) is None else str(said[name]).strip() for name in COLUMNS}
    return TableRow(number, cells, f"{wrong[0]} is neither text nor a number" if wrong else "")


def _is_cell(value: object) -> bool:
    return value is None or (isinstance(value, _SCALARS) and not isinstance(value, bool))
