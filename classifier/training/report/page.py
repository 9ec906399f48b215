"""A report's sections, and the two files that they become.

One is HTML that opens without a network, the other JSON with the same figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from classifier.durable import file_write
from classifier.training.errors import ReportError
from classifier.training.report.elements.figures import finite
from classifier.training.report.render import render_html


@dataclass(frozen=True)
class Section:
    """One part of a report: what is read, and the same as figures."""

    anchor: str
    heading: str
    html: Markup
    """Below the heading, as a template made it."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What goes into the JSON."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files beside the report: ending → text."""


def report_save(
    *, path: Path, title: str, sections: Iterable[Section | None], verdict: str = "", good: bool | None = None
) -> Path:
    """Write `path` (HTML), `path` with the ending .json and the sections' files. Returns `path`.

    None among the sections is left out. good: the colour of the verdict's edge. A figure that is
    not finite becomes null: one that could not be measured must not cost a training its report.
    Each file is written whole or not at all; the HTML comes last, so where it is, all is.
    Raises ReportError.
    """
    parts = [one for one in sections if one is not None]
    document: dict[str, Any] = {"title": title, "verdict": verdict}
    for part in parts:
        document |= part.figures
    try:
        text = json.dumps(finite(document), indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{path}: a figure is not fit for JSON ({error})") from error
    page = render_html("page", title=title, sections=parts, verdict=verdict, good=good)
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


def _write(path: Path, text: str) -> None:
    file_write(path, text.encode(errors="backslashreplace"))
