"""A report's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from classifier.training.intervals import wilson
from classifier.training.report.elements.figures import number, percent
from classifier.training.report.render import render_html


@dataclass(frozen=True)
class Cell:
    """One field of a table."""

    text: str
    number: bool = False
    """Whether it stands on the right, as numbers do."""
    below: str = ""
    """In small print under the text."""
    passed: bool | None = None
    """Of a gate: whether the report says "passed" or "failed" under its name."""


@dataclass(frozen=True)
class _Heading:
    text: str
    number: bool


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Any]], *, words: bool = False) -> Markup:
    """A table whose first column heads its rows; empty without rows.

    rows: Cells, or plain values that become cells. words: the values are texts of any length.
    """
    if not rows:
        return Markup()
    # Per column the first value that is one says whether it is a column of numbers.
    columns = zip(*[list(row) for row in rows], strict=True)
    first = [_cell(next((one for one in column if one is not None), None), words=words) for column in columns]
    headings = [_Heading(name, not words and 0 < at < len(first) and first[at].number) for at, name in enumerate(head)]
    cells = [[_cell(value, words=words) for value in row] for row in rows]
    return render_html("table", caption=caption, head=headings, rows=cells, words=words)


def folded(summary: str, content: Markup) -> Markup:
    """The content behind a line that opens it; empty if there is none."""
    return render_html("folded", summary=summary, content=content) if content else Markup()


def number_cell(text: str, below: str = "") -> Cell:
    """A figure, as numbers stand in a table."""
    return Cell(text, number=True, below=below)


def share_cell(value: float | None) -> Cell:
    """A share, as numbers stand in a table."""
    return number_cell(percent(value))


def interval_cell(value: float | None, of: int | None) -> Cell:
    """A share of so many photos with Wilson's interval below it."""
    if value is None or not of:
        return share_cell(value)
    low, high = wilson(round(value * of), of)
    return number_cell(percent(value), below=f"{100 * low:.0f} … {100 * high:.0f}")


def _cell(value: Any, *, words: bool) -> Cell:
    if isinstance(value, Cell):
        return value
    return Cell(number(value), number=not words and (value is None or isinstance(value, (int, float))))
