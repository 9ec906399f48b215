"""The report of a training: one HTML file that opens without a network, and the same figures as JSON beside it.

A run of the marketplace writes its own, with gates and the champion, from the same parts: see report_sections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.training.errors import ReportError
from classifier.training.report.findings import Findings
from classifier.training.report.page import Section, percent, report_save
from classifier.training.report.photos import Album
from classifier.training.report.sections import (
    beside_section,
    classes_section,
    confusion_section,
    curve_section,
    gates_section,
    honesty_section,
    left_out_section,
    measured_section,
    merges_section,
    parts_section,
    photos_section,
    stages_section,
    trained_section,
)

__all__ = ["ReportError", "figures_verdict", "model_sections", "report_write"]


def report_write(
    *,
    path: Path,
    title: str,
    metrics: Mapping[str, Any],
    verdict: str = "",
    facts: Mapping[str, Any] | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    gates: Sequence[Mapping[str, Any]] = (),
    challenger: Mapping[str, Any] | None = None,
    champion: Mapping[str, Any] | None = None,
    curve: Sequence[Mapping[str, float]] = (),
    reliability: Sequence[tuple[float, float, int]] = (),
    per_class: Sequence[Mapping[str, Any]] = (),
    findings: Findings | None = None,
    temperature: float | None = None,
    more: Sequence[Section | None] = (),
    album: Album | None = None,
) -> Path:
    """Write `path` (HTML) and `path` with the ending .json, each whole or not at all; returns `path`.

    metrics: as evaluate gives them; parts that are missing are left out. verdict: one line; without it the main
    figures. facts: what was trained on what (recipe, photos, manifest hash …). stages: of cleaning, see stages_section.
    gates: mappings with name, value, limit, passed and text. challenger, champion: metrics of both on the same photos,
    shown side by side. curve: per epoch a mapping with epoch and figures (loss, val_loss, accuracy, val_top1).
    findings: what single photos tell; with them reliability and per_class need not be given, and pictures are shown.
    reliability: as calibrate.reliability gives it. per_class: mappings with class, precision, recall, f1, support.
    more: further sections, with pictures from `album`. Raises ReportError.
    """
    sections = [
        gates_section(gates),
        beside_section(challenger, champion),
        *model_sections(
            metrics=metrics, facts=facts or {}, stages=stages, curve=curve, reliability=reliability,
            per_class=per_class, findings=findings, temperature=temperature, file=path.stem, album=album or Album(),
            more=more,
        ),
    ]  # fmt: skip
    return report_save(path=path, title=title, sections=sections, verdict=verdict or figures_verdict(metrics))


def model_sections(
    *,
    metrics: Mapping[str, Any],
    file: str,
    album: Album,
    facts: Mapping[str, Any] | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    curve: Sequence[Mapping[str, float]] = (),
    reliability: Sequence[tuple[float, float, int]] = (),
    per_class: Sequence[Mapping[str, Any]] = (),
    findings: Findings | None = None,
    champion: Findings | None = None,
    temperature: float | None = None,
    more: Sequence[Section | None] = (),
) -> list[Section | None]:
    """What is to say of one model, in reading order; arguments as in report_write.

    champion: its coverage is drawn beside. file: the report's name without its ending, under which further files lie.
    """
    return [
        measured_section(metrics),
        trained_section(facts or {}),
        stages_section(stages),
        curve_section(curve),
        honesty_section(
            reliability=findings.reliability if findings else reliability,
            coverage=findings.coverage if findings else None,
            champion=champion.coverage if champion else None,
            metrics=metrics,
            temperature=temperature,
        ),
        parts_section(metrics),
        *([confusion_section(findings, album), merges_section(findings, file=file)] if findings else []),
        photos_section(findings, album) if findings else None,
        *more,
        classes_section(findings.per_class if findings else per_class),
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
