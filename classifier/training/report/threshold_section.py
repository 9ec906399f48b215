"""The section of a report that shows a threshold sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from classifier.training.report.elements.charts import sweep_chart
from classifier.training.report.elements.figures import percent
from classifier.training.report.elements.tables import Cell, folded, interval_cell, number_cell, share_cell, table
from classifier.training.report.page import Section
from classifier.training.report.render import render_html
from classifier.training.report.threshold_sweep import MakeSweep, Step, ThresholdSweep
from classifier.training.target_error import TARGET_ERROR_WORDS


def sweep_section(sweep: ThresholdSweep | None) -> Section | None:
    """Chart and tables of what a form would fill in; None without labels."""
    if sweep is None:
        return None
    figures: dict[str, Any] = {
        name: [{**asdict(step), "error": step.error} for step in steps] for name, steps in sweep.steps.items()
    }
    figures["makes"] = [asdict(one) for one in sweep.makes]
    drawn = {
        name: [(step.confidence, step.filled_in, step.error) for step in steps] for name, steps in sweep.steps.items()
    }
    made = render_html(
        "threshold_sweep",
        chart=sweep_chart(drawn, sweep.thresholds),
        tables=[
            folded(f"The {name} at each confidence", _steps_table(name, steps)) for name, steps in sweep.steps.items()
        ],
        makes=folded("Make by make", _makes_table(sweep.makes)),
    )
    return Section("thresholds", "From which confidence on?", made, {"threshold_sweep": figures})


def _steps_table(name: str, steps: Sequence[Step]) -> Markup:
    rows = [
        [
            f"{step.confidence:.2f}", step.fills, share_cell(step.filled_in), step.wrong,
            interval_cell(step.error, step.fills),
        ]
        for step in steps
    ]  # fmt: skip
    return table(
        f"If a form filled the {name} in from this confidence on",
        ["Confidence", "Filled in", "… of all photos", "Wrong", "… of these, 95 %"], rows,
    )  # fmt: skip


def _makes_table(makes: Sequence[MakeSweep]) -> Markup:
    rows = [[one.make, one.today.photos, one.today.fills, one.today.wrong, _lowest(one.lowest)] for one in makes]
    return table(
        f"Photos that are answered with a make, and the lowest confidence that would keep {TARGET_ERROR_WORDS} on them",
        ["Answer", "Photos", "Filled in today", "Wrong of these", "Lowest"], rows,
    )  # fmt: skip


def _lowest(step: Step | None) -> Cell:
    if step is None:
        return number_cell("–")
    return number_cell(f"{step.confidence:.2f}", below=f"{step.fills} filled in, {percent(step.error)} wrong")
