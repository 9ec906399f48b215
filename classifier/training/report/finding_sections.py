"""The sections that show what single photos tell; each is None where there is nothing to show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup

from classifier.training.evaluation.confusion import Confusion, class_name, merge_table
from classifier.training.report.elements.charts import calibration_chart, coverage_chart, heat_chart
from classifier.training.report.elements.figures import percent
from classifier.training.report.elements.tables import number_cell, share_cell, table
from classifier.training.report.findings import PAIRS_SHOWN, Coverage, Findings
from classifier.training.report.page import Section
from classifier.training.report.photos import Album, gallery, pair_shown, photo_facts
from classifier.training.report.render import render_html

MERGES_FILE = ".merges.json"


def calibration_section(
    *,
    reliability: Sequence[Sequence[float]],
    coverage: Mapping[str, Coverage] | None = None,
    champion: Mapping[str, Coverage] | None = None,
    metrics: Mapping[str, Any] | None = None,
    temperature: float | None = None,
) -> Section | None:
    """Whether stated confidences come true, and how much can be answered at which error."""
    if not reliability:
        return None
    measured = metrics or {}
    figures: dict[str, Any] = {"reliability": [list(one) for one in reliability], "temperature": temperature}
    drawn, marks = Markup(), Markup()
    if coverage and any(one.curve for one in coverage.values()):
        drawn, marks = coverage_chart(coverage, champion), _marks_table(coverage)
        for name, one in coverage.items():
            figures[f"coverage_{name}"] = {
                "curve": [list(point) for point in one.curve],
                "threshold": one.mark and asdict(one.mark),
            }
    made = render_html(
        "calibration",
        error=measured.get("ece"),
        by_chance=measured.get("ece_by_chance"),
        temperature=temperature,
        calibration=calibration_chart(reliability),
        coverage=drawn,
        marks=marks,
    )
    return Section("calibration", "Calibration", made, figures)


def _marks_table(coverage: Mapping[str, Coverage]) -> Markup:
    rows = [
        [name, "never", number_cell("–"), number_cell("–")]
        if one.mark is None
        else [name, one.mark.confidence, share_cell(one.mark.coverage), share_cell(one.mark.error)]
        for name, one in coverage.items()
    ]
    return table(
        "From which confidence a form fills itself, and what that comes to on photos of known models",
        ["", "Confidence", "Answered", "Wrong of these"], rows,
    )  # fmt: skip


@dataclass(frozen=True)
class _Heat:
    """A heat map and how many names it leaves out."""

    heading: str
    what: str
    left_out: int
    drawing: Markup


def confusion_section(findings: Findings, album: Album) -> Section | None:
    """Heat maps and the worst-confused pairs with photos."""
    if not findings.makes.labels:
        return None
    heats, shown = [_heat("Makes", findings.makes, "makes")], []
    if findings.pairs:
        heats.append(_heat("The classes that are confused the most", findings.confused, "classes"))
        often = [pair for pair in findings.pairs if pair.mistakes > 1] or findings.pairs[:3]
        shown = [pair_shown(album, findings, pair) for pair in often[:PAIRS_SHOWN]]
    made = render_html("confusions", heats=heats, pairs=shown, left_out=len(findings.pairs) - len(shown))
    figures = {
        "make_confusion": findings.makes.as_dict(), "class_confusion": findings.confused.as_dict(),
        "confused_pairs": findings.pairs_said(most=100),
    }  # fmt: skip
    return Section("confusions", "What is taken for what", made, figures)


def _heat(heading: str, confusion: Confusion, what: str) -> _Heat:
    drawing = heat_chart(confusion, words=f"{heading}: label (row) and answer (column), photos")
    return _Heat(heading, what, confusion.left_out, drawing)


def merges_section(findings: Findings, *, file: str) -> Section | None:
    """Which classes could be one, as a table and as a file that cleaning reads.

    file: the report's name without its ending.
    """
    if not findings.merges:
        return None
    rows = [
        [
            f"{class_name(one.other)} into {class_name(one.into)}", share_cell(one.pair.share),
            one.pair.mistakes, sum(one.pair.photos), one.why_not or "in the file",
        ]
        for one in findings.merges
    ]  # fmt: skip
    ready = merge_table(findings.merges)
    made = render_html(
        "merges",
        merged=percent(findings.top1_merged),
        now=percent(findings.top1),
        file=f"{file}{MERGES_FILE}" if ready["merge_into"] else "",
        merges=table("Suggested merges", ["Merge", "Confused", "Mistakes", "Photos of both", ""], rows),
    )
    figures = {
        "merges": [one.as_dict() for one in findings.merges],
        "top1": findings.top1, "top1_merged": findings.top1_merged,
    }  # fmt: skip
    files = {MERGES_FILE: json.dumps(ready, indent=1, ensure_ascii=False) + "\n"} if ready["merge_into"] else {}
    return Section("merges", "Merge?", made, {"merge_suggestions": figures}, files)


def photos_section(findings: Findings, album: Album) -> Section | None:
    """A random sample and the most confident mistakes."""
    if not findings.sample:
        return None
    made = render_html(
        "photos",
        drawn=len(findings.sample),
        sample=gallery(album, findings.sample),
        mistakes=gallery(album, findings.mistakes),
        wrong=len(findings.mistakes),
        left_out=findings.mistakes_left_out,
    )
    figures = {
        "sample": [photo_facts(one) for one in findings.sample],
        "mistakes": [photo_facts(one) for one in findings.mistakes],
        "mistakes_left_out": findings.mistakes_left_out,
    }
    return Section("photos", "Photos", made, figures)
