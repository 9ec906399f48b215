"""A report's parts and how they become one HTML file that opens without a network, and one JSON file beside it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from classifier.training.errors import ReportError
from classifier.training.intervals import wilson

STYLE = """
:root{color-scheme:light dark;--ink:#1c2128;--soft:#57606a;--paper:#fff;--card:#f4f6f8;--line:#d0d7de;
--good:#12692f;--bad:#b3202a;--link:#0b57b0}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--paper:#12161c;--card:#1b212a;--line:#38414c;
--good:#5bd080;--bad:#ff8f88;--link:#7db8ff}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:0 auto;
padding:1.25rem 1rem 4rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.75rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}
p{margin:.25rem 0 .75rem;max-width:46rem}
a{color:var(--link)}
.verdict{font-size:1.15rem;font-weight:600;padding:.75rem 1rem;background:var(--card);
border-left:.3rem solid var(--soft);border-radius:.25rem;max-width:none;overflow-wrap:anywhere}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem .5rem;list-style:none;padding:0;margin:.75rem 0}
nav a{display:inline-block;padding:.3rem .7rem;border:1px solid var(--line);border-radius:1rem;font-size:.9rem;
text-decoration:none}
.scroll{overflow-x:auto;margin:.5rem 0 1.25rem}
table{border-collapse:collapse;font-size:.94rem;min-width:min(100%,17.5rem)}
caption{text-align:left;color:var(--soft);font-size:.9rem;padding-bottom:.25rem}
th,td{padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}thead th{color:var(--soft)}tbody th{font-weight:400;min-width:5.5rem;overflow-wrap:break-word}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
.verdict.good,.verdict.bad{color:inherit}
.soft{color:var(--soft)}
.words td{overflow-wrap:anywhere;min-width:9rem}
.columns{display:grid;grid-template-columns:repeat(auto-fill,minmax(17.5rem,1fr));gap:0 2rem;align-items:start}
.columns table{width:100%}
.chart{display:block;max-width:100%;height:auto}
.wide .chart{max-width:none}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.75rem;margin:.75rem 0 1.25rem}
small{display:block;color:var(--soft);font-size:.8rem}
figure{margin:0;padding:.4rem;background:var(--card);border-radius:.4rem;font-size:.82rem;line-height:1.35;
overflow-wrap:anywhere}
figure img,.missing{display:block;width:100%;aspect-ratio:4/3;object-fit:contain;border-radius:.25rem;background:#0003}
.missing{display:grid;place-items:center;color:var(--soft);text-align:center;padding:.5rem}
figcaption{padding:.35rem .1rem 0}
@media (max-width:34rem){table{font-size:.85rem}th,td{padding-right:.45rem}}
details summary{cursor:pointer;padding:.25rem 0;color:var(--link)}
"""
WHOLE = frozenset({"photos", "known", "n", "support", "make_known", "epoch", "before", "after", "classes"})
"""Counts: shown without a decimal point."""


@dataclass(frozen=True)
class Section:
    """One part of a report: what is read, and the same as figures."""

    anchor: str
    heading: str
    html: str
    """Below the heading; every name in it is escaped."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What goes into the JSON."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files beside the report: ending → text."""


def report_save(
    *, path: Path, title: str, sections: Iterable[Section | None], verdict: str = "", good: bool | None = None
) -> Path:
    """Write `path` (HTML), `path` with the ending .json and the sections' files, each whole or not at all.

    None among the sections is left out. good colours the verdict's edge. A figure that is not finite becomes null: one
    that could not be measured must not cost a training its report. The HTML comes last: where it is, all is.
    Returns `path`. Raises ReportError.
    """
    parts = [one for one in sections if one is not None]
    document: dict[str, Any] = {"title": title, "verdict": verdict}
    for part in parts:
        document |= part.figures
    try:
        text = json.dumps(finite(document), indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{path}: a figure is not fit for JSON ({error})") from error
    page = page_html(title=title, sections=parts, verdict=verdict, good=good)
    report_folder(path)
    try:
        for part in parts:
            for ending, more in part.files.items():
                _write(path.with_suffix(ending), more)
        _write(path.with_suffix(".json"), text + "\n")
        _write(path, page)
    except OSError as error:
        raise ReportError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def report_folder(path: Path) -> None:
    """Make the folder for a report. Raises ReportError: better before long work than after."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{path}: cannot be written ({error.strerror})") from error


def page_html(*, title: str, sections: Sequence[Section], verdict: str, good: bool | None = None) -> str:
    """The whole page: verdict and list of contents first."""
    edge = "" if good is None else " good" if good else " bad"
    said = f'<p class="verdict{edge}">{escape(verdict)}</p>' if verdict else ""
    links = "".join(f'<li><a href="#{one.anchor}">{escape(one.heading)}</a></li>' for one in sections)
    contents = f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if len(sections) > 2 else ""
    body = "".join(
        f'<section aria-labelledby="{one.anchor}">'
        f'<h2 id="{one.anchor}">{escape(one.heading)}</h2>{one.html}</section>\n'
        for one in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><header><h1>{escape(title)}</h1>{said}{contents}</header>\n<main>{body}</main></body></html>\n"
    )


@dataclass(frozen=True)
class Cell:
    """A cell whose HTML is made already."""

    html: str
    number: bool = False
    """Whether it stands on the right, as numbers do."""


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Any]], *, words: bool = False) -> str:
    """A table whose first column heads its rows; "" without rows. words: values are texts of any length."""
    lines = []
    for row in rows:
        cells = [(False, number(one)) if words and not isinstance(one, Cell) else _cell(one) for one in row]
        lines.append(f'<tr><th scope="row">{cells[0][1]}</th>' + "".join(map(_td, cells[1:])) + "</tr>")
    if not lines:
        return ""
    first = [not words and _cell(value)[0] for value in _widest(rows)]
    heads = "".join(
        f'<th scope="col"{" class=number" if at and at < len(first) and first[at] else ""}>{escape(name)}</th>'
        for at, name in enumerate(head)
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f"<table{' class=words' if words else ''}>"
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _widest(rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Per column the first value that is one, which says whether it is a column of numbers."""
    columns = zip(*[list(row) for row in rows], strict=True)
    return [next((value for value in column if value is not None), None) for column in columns]


def _td(cell: tuple[bool, str]) -> str:
    return f"<td{' class=number' if cell[0] else ''}>{cell[1]}</td>"


def _cell(value: Any) -> tuple[bool, str]:
    """Whether it is a number, and its HTML."""
    if isinstance(value, Cell):
        return value.number, value.html
    return value is None or isinstance(value, (int, float)), number(value)


def number(value: Any, name: str = "") -> str:
    """A value for people, escaped: – for none, four figures of a float, no decimals of a count."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if name in WHOLE else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(number(one) for one in value) or "–"
    return escape(str(value))


def percent(value: float | None, of: int | None = None) -> str:
    """A share as "81.2 %", with Wilson's interval of `of` photos as "81.2 % (78.0 … 84.1)"."""
    if value is None or not math.isfinite(value):
        return "–"
    if not of:
        return f"{value:.1%}".replace("%", " %")
    low, high = wilson(round(value * of), of)
    return f"{100 * value:.1f} % ({100 * low:.1f} … {100 * high:.1f})"


def points(value: float) -> str:
    """A difference of shares as "+1.2 points"."""
    return f"{100 * value:+.1f} points".replace("-", "−")


def finite(value: Any) -> Any:
    """The same with null for every number that is not finite, which JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
