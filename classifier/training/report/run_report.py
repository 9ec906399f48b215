"""The report of a training: one HTML file that opens without a network, and its figures as JSON.

A run of the marketplace writes its own from the same parts, with gates and the champion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.training.errors import ReportError
from classifier.training.report.elements.figures import percent
from classifier.training.report.finding_sections import (
    calibration_section,
    confusion_section,
    merges_section,
    photos_section,
)
from classifier.training.report.findings import Findings
from classifier.training.report.own_pictures import ExternalAnswers, external_section
from classifier.training.report.page import Section, report_save
from classifier.training.report.photos import Album
from classifier.training.report.sections import (
    beside_section,
    classes_section,
    curve_section,
    gates_section,
    left_out_section,
    measured_section,
    parts_section,
    stages_section,
    trained_section,
)
from classifier.training.report.threshold_section import sweep_section

__all__ = ["ReportContents", "ReportError", "figures_verdict", "model_sections", "report_write"]


@dataclass(frozen=True, kw_only=True)
class ReportContents:
    """What a report shows of one model. Parts that are missing are left out of the report."""

    metrics: Mapping[str, Any]
    """As evaluate gives them."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was trained on what: recipe, photos, manifest hash …"""
    stages: Sequence[Mapping[str, Any]] = ()
    """Of cleaning: see stages_section."""
    gates: Sequence[Mapping[str, Any]] = ()
    """Mappings with name, value, limit, passed and text."""
    challenger: Mapping[str, Any] | None = None
    champion: Mapping[str, Any] | None = None
    """Metrics of both on the same photos, shown side by side."""
    curve: Sequence[Mapping[str, float]] = ()
    """Per epoch a mapping with epoch and figures: loss, val_loss, accuracy, val_top1."""
    reliability: Sequence[tuple[float, float, int]] = ()
    """As calibration.reliability gives it; not used where there are findings."""
    per_class: Sequence[Mapping[str, Any]] = ()
    """Class, precision, recall, f1, support; not used where there are findings."""
    findings: Findings | None = None
    """What single photos tell; with it the report shows pictures."""
    champion_findings: Findings | None = None
    """Of the model that serves: its coverage is drawn beside."""
    temperature: float | None = None
    external: ExternalAnswers | None = None
    """An operator's own pictures."""
    album: Album = field(default_factory=Album)
    """Makes the pictures."""


def report_write(*, path: Path, title: str, contents: ReportContents) -> Path:
    """Write `path` (HTML) and `path` with the ending .json, each whole or not at all.

    The verdict is the main figures in one line. Returns `path`. Raises ReportError.
    """
    sections = [
        gates_section(contents.gates),
        beside_section(contents.challenger, contents.champion),
        *model_sections(contents, file=path.stem),
    ]
    return report_save(path=path, title=title, sections=sections, verdict=figures_verdict(contents.metrics))


def model_sections(contents: ReportContents, *, file: str) -> list[Section | None]:
    """The sections on one model, in reading order.

    file: the report's name without its ending, under which further files lie.
    """
    findings, champion, album = contents.findings, contents.champion_findings, contents.album
    external = external_section(contents.external, album)  # first: the album has room for what somebody asked for
    return [
        measured_section(contents.metrics),
        trained_section(contents.facts),
        stages_section(contents.stages),
        curve_section(contents.curve),
        calibration_section(
            reliability=findings.reliability if findings else contents.reliability,
            coverage=findings.coverage if findings else None,
            champion=champion.coverage if champion else None,
            metrics=contents.metrics,
            temperature=contents.temperature,
        ),
        sweep_section(findings.sweep) if findings else None,
        parts_section(contents.metrics),
        *([confusion_section(findings, album), merges_section(findings, file=file)] if findings else []),
        photos_section(findings, album) if findings else None,
        external,
        classes_section(findings.per_class if findings else contents.per_class),
        left_out_section(album),
    ]


def figures_verdict(metrics: Mapping[str, Any]) -> str:
    """The main figures in one line; "" where nothing was measured."""
    if not metrics.get("known"):
        return ""
    shares = [
        f"{words} {percent(metrics[name])}"
        for name, words in (("make_top1", "make right"), ("model_top1", "make and model right"))
        if metrics.get(name) is not None
    ]
    return f"{', '.join(shares)} of {metrics['known']} photos of known models" if shares else ""
