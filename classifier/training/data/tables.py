"""Tables of text as spreadsheets and programs write them.

Any separator, a `sep=;` line, a byte order mark, UTF-16, Windows-1252, a header in other letters,
quoted line breaks, empty rows and columns: all of it is read, and what had to be guessed is told in
a note. What is ambiguous or cut off is refused in one line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SEPARATORS = ",;\t|"
LONGEST_CELL = 1_000_000
"""Letters. A table with more in a cell is none, or lacks a closing quote."""
MISSING = frozenset({
    "", "nan", "-nan", "nat", "none", "null", "n/a", "na", "<na>", "-", "--", "–", "—", "?",
    "#n/a", "#na", "#nv", "#null!", "#value!", "#ref!", "#name?", "#num!", "#div/0!",
})  # fmt: skip
"""How programs and spreadsheets write that there is nothing, in lower case."""

NOT_UTF8 = "is not a CSV file in UTF-8: save it as one"
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?[;,| ]*', re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"(\d+)[.,]0+")
_SPREADSHEETS = {b"PK\x03\x04": "an Excel or LibreOffice file", b"\xd0\xcf\x11\xe0": "an old Excel file"}
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TableError(Exception):
    """A table cannot be used; the message is one line without the file's name."""


@dataclass(frozen=True)
class TableRow:
    """One row that is not empty."""

    number: int
    """As a spreadsheet counts: the first one is 1, a row of several lines is one row."""
    cells: Mapping[str, str]
    """Our column → its text without spaces around it; "" where the row has none."""
    problem: str = ""
    """Why the row cannot be trusted; "" if it can."""


@dataclass(frozen=True)
class Table:
    """A table that was read."""

    rows: list[TableRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What people should know of how it was read, a line each."""


def table_read(
    path: Path, *, columns: Mapping[str, str], required: Sequence[str], only_utf8: bool = False
) -> Table:  # fmt: skip
    """Read a table. Raises TableError, and OSError if there is none.

    columns: our column → the header that the table has for it, whatever its case and spaces.
    required: those of ours that have to be there. only_utf8: any other encoding is refused; bytes
    that are no UTF-8 stay in the text as surrogates, because names of files may hold them.
    """
    text, notes = _text(path.read_bytes(), only_utf8=only_utf8)
    lines = io.StringIO(text, newline="")
    declared = _SEPARATOR_LINE.fullmatch(lines.readline().rstrip("\r\n"))
    if not declared:
        lines.seek(0)
    start = lines.tell()
    separator = declared[1] if declared else _separator(lines, columns, required)
    lines.seek(start)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        return _table(reader, columns, required, notes)
    except csv.Error as error:
        raise TableError(
            f"line {reader.line_num} is not that of a table ({error}): is a quotation mark missing?"
        ) from error  # fmt: skip


def cell_label(text: str) -> str:
    """A cell as a label: one line, composed letters, "" for words that say "nothing"."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return "" if plain.casefold() in MISSING else plain


def cell_id(text: str) -> str:
    """A cell as it stands, or nothing where it says that there is nothing."""
    return "" if text.strip().casefold() in MISSING else text.strip()


def cell_number(text: str) -> str:
    """As cell_label; "208.0", which programs make of a column of numbers with gaps, is "208"."""
    plain = cell_label(text)
    whole = _WHOLE_NUMBER.fullmatch(plain)
    return whole[1] if whole else plain


def formula_safe(cell: object) -> object:
    """Text that a spreadsheet would run is quoted: file names and labels come from strangers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_MARKS) else cell


def formula_unquoted(text: str) -> str:
    """What ``formula_safe`` was given, for tables that are read again."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_MARKS) else text


def is_text(value: str) -> bool:
    """Whether every byte of it was UTF-8: others are read as surrogates, see table_read."""
    return value.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in value)


def _text(content: bytes, *, only_utf8: bool) -> tuple[str, list[str]]:
    notes: list[str] = []
    for mark, name in _SPREADSHEETS.items():
        if content.startswith(mark):
            raise TableError(f"is {name}: save it as CSV in UTF-8")
    if only_utf8:
        text = content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
        if "\0" in text:
            raise TableError(NOT_UTF8)
        return text, notes
    if content.startswith(_UTF_16_MARKS) or _looks_like_utf_16(content):
        try:
            text = content.decode("utf-16" if content.startswith(_UTF_16_MARKS) else _utf_16(content))
        except UnicodeDecodeError as error:
            raise TableError(f"is not a table in UTF-16 ({error.reason})") from error
        return text, ["read as UTF-16"]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise TableError(f"is a table in neither UTF-8 nor Windows-1252 ({error.reason})") from error
        notes.append("read as Windows-1252, because it is not UTF-8: look at names with accents")
    if "\0" in text:
        raise TableError("is not a table of text")
    return text, notes


def _looks_like_utf_16(content: bytes) -> bool:
    """Without a byte order mark: every other byte of English or European text is zero."""
    head = content[:200]
    return len(head) > 3 and max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 3


def _utf_16(content: bytes) -> str:
    head = content[:200]
    return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"


def _separator(lines: Iterable[str], columns: Mapping[str, str], required: Sequence[str]) -> str:
    """That under which the header has most of our columns; else the commonest in its line."""
    head = next((line for line in lines if line.strip()), "")

    def columns_found(separator: str) -> int:
        try:
            names = {_plain(name) for name in next(csv.reader([head], delimiter=separator), [])}
        except csv.Error:
            return 0
        return sum(_plain(columns[ours]) in names for ours in required)

    return max(SEPARATORS, key=lambda one: (columns_found(one), head.count(one)))


def _table(
    reader: Iterator[list[str]], columns: Mapping[str, str], required: Sequence[str], notes: list[str]
) -> Table:  # fmt: skip
    records = ((number, cells) for number, cells in enumerate(reader, start=1) if any(map(str.strip, cells)))
    _, header = next(records, (0, []))
    if not all(map(is_text, header)):
        raise TableError(NOT_UTF8)
    places = _places(header, columns, required, notes)
    needed = {ours: places[ours] for ours in required}
    rows = []
    for number, record in records:
        cells = dict.fromkeys(columns, "")
        cells |= {ours: record[at].strip() for ours, at in places.items() if at < len(record)}
        rows.append(TableRow(number, cells, _problem(record, header, needed)))
    return Table(rows, notes)


def _places(
    header: Sequence[str], columns: Mapping[str, str], required: Sequence[str], notes: list[str]
) -> dict[str, int]:  # fmt: skip
    """Our column → its place. Raises TableError for one that is missing or there twice."""
    places: dict[str, int] = {}
    for ours, theirs in columns.items():
        exact = [at for at, name in enumerate(header) if name.strip() == theirs]
        alike = [at for at, name in enumerate(header) if _plain(name) == _plain(theirs)]
        found = exact or alike
        if len(found) > 1:
            raise TableError(f"column {theirs!r} is there {len(found)} times: rename those that are not meant")
        if found:
            places[ours] = found[0]
            others = [header[at] for at in alike if at not in found]
            notes += [f"column {name.strip()!r} is not read, {theirs!r} is" for name in others]
        elif ours in required:
            named = ", ".join(" ".join(name.split()) for name in header if name.strip())[:200]
            raise TableError(f"column {theirs!r} is missing" + (f" (there are {named})" if named else ""))
    return places


def _problem(record: Sequence[str], header: Sequence[str], required: Mapping[str, int]) -> str:
    beyond = [cell for cell in record[len(header) :] if cell.strip()]
    if beyond:
        return f"{len(record)} cells under {len(header)} columns: text with a separator in it needs quotation marks"
    cut = next((ours for ours, at in required.items() if at >= len(record)), "")
    return f"it ends before the column {cut!r}" if cut else ""


def _plain(name: str) -> str:
    """What is left of a header when case and spaces are not looked at."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()
