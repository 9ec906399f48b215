"""The tables on a run's page in the admin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from classifier.training.target_error import TARGET_ERROR_WORDS

FIGURES = {
    "photos": "test photos",
    "top1": "make and model right",
    "make_top1": "make right",
    "ece": "calibration error",
    "coverage_at_3pct_error": f"answered at {TARGET_ERROR_WORDS}",
}
CLASSES_SHOWN = 8


@dataclass(frozen=True)
class Cell:
    """One field of a table."""

    text: str
    align: str = "left"
    kind: str = ""
    """A name in the style sheet: "passed", "failed" or ""."""


def gates_table(gates: Sequence[Mapping[str, Any]]) -> SafeString | str:
    """Each gate with its value and limit. gates: as Gate.as_dict gives them."""
    rows = [
        [
            _state(gate),
            Cell(str(gate["name"])),
            _number(gate["value"]),
            _number(gate["limit"]),
            Cell(str(gate["text"])),
        ]
        for gate in gates
    ]
    return _table(["", "gate", ">value", ">limit", "measured"], rows)


def _state(gate: Mapping[str, Any]) -> Cell:
    if gate["passed"]:
        return Cell("passed", kind="passed")
    return Cell("FAILED" if gate.get("shown", True) else "NOT SHOWN", kind="failed")


def figures_table(metrics: Mapping[str, Any]) -> SafeString | str:
    """Champion and challenger on the same photos. metrics: as Measurements.as_dict gives them."""
    new, old = metrics.get("challenger") or {}, metrics.get("champion") or {}
    rows = [
        [Cell(words), _number(old.get(name)), _number(new.get(name)), _change(old.get(name), new.get(name))]
        for name, words in FIGURES.items()
        if name in new
    ]
    latency = metrics.get("latency") or {}
    if latency:
        before, now = latency.get("champion"), latency.get("challenger")
        rows.append([Cell("one photo alone, ms (p50)"), _number(before), _number(now), _change(before, now)])
    return _table(["", ">champion", ">challenger", ">change"], rows)


def classes_table(metrics: Mapping[str, Any]) -> SafeString | str:
    """The classes whose recall fell most, of those with enough test photos."""
    classes = (metrics.get("classes") or [])[:CLASSES_SHOWN]
    rows = [
        [
            Cell(str(one["name"])),
            _number(one["photos"]),
            _number(one["champion"]),
            _number(one["challenger"]),
            _change(one["champion"], one["challenger"]),
        ]
        for one in classes
    ]
    return _table(["class", ">test photos", ">champion right", ">challenger right", ">change"], rows)


def stages_table(stages: Sequence[Mapping[str, Any]]) -> SafeString | str:
    """How the photos were cleaned; left-out.csv names each photo that was left out."""
    rows = [
        [Cell(str(one["name"])), _number(one["before"]), _number(one["after"]), Cell(str(one["words"]))]
        for one in stages
    ]
    return _table(["stage", ">photos in", ">photos on", "what was done"], rows)


def pairs_table(values: Mapping[str, Any]) -> SafeString | str:
    """Names and values."""
    return _table([], [[Cell(str(name)), Cell(str(value))] for name, value in values.items()])


def _table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> SafeString | str:
    if not rows:
        return "–"
    heads = [Cell(name.lstrip(">"), "right" if name.startswith(">") else "left") for name in head]
    return render_to_string("admin/training/table.html", {"head": heads, "rows": rows})


def _number(value: Any) -> Cell:
    if value is None:
        return Cell("–", "right")
    return Cell(f"{value:,}" if isinstance(value, int) else f"{value:.4g}", "right")


def _change(before: Any, now: Any) -> Cell:
    if not isinstance(before, float) or not isinstance(now, float):
        return Cell("", "right")
    return Cell(f"{now - before:+.3g}", "right")
