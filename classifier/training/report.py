"""The report of a training: one HTML file that opens without a network, and the same figures as JSON beside it."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{padding:.25rem .75rem;border-bottom:1px solid #8886;text-align:left;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.passed{color:#17803d}.failed{color:#c0262d;font-weight:600}
img{max-width:100%;background:#fff;border-radius:.5rem}
"""
MAIN_FIGURES = {
    "photos": "Photos from outside",
    "known": "… of models it knows",
    "top1": "Class right (make, model, year)",
    "top5": "Class among the first five",
    "make_top1": "Make right",
    "model_top1": "Make and model right",
    "macro_f1": "F1, classes weighed alike",
    "ece": "Calibration error",
    "coverage_at_3pct_error": "Answered at 3 % error",
}
COUNTS = ("photos", "known", "n", "support", "make_known", "epoch")


class ReportError(Exception):
    """A report cannot be written; the message is one clear line."""


def report_write(
    *,
    path: Path,
    title: str,
    metrics: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    gates: Sequence[Mapping[str, Any]] = (),
    challenger: Mapping[str, Any] | None = None,
    champion: Mapping[str, Any] | None = None,
    curve: Sequence[Mapping[str, float]] = (),
    reliability: Sequence[tuple[float, float, int]] = (),
    per_class: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write `path` (HTML) and `path` with the ending .json, each whole or not at all; returns `path`.

    metrics: as evaluate gives them; parts that are missing are left out. facts: what was trained on what (recipe,
    photos, manifest hash …). gates: mappings with name, value, limit, passed and text. challenger, champion: metrics of
    both on the same photos, shown side by side. curve: per epoch a mapping with epoch and figures (loss, val_loss,
    accuracy, val_top1). reliability: as calibrate.reliability gives it. per_class: mappings with the class's name and
    precision, recall, f1, support. Raises ReportError.
    """
    document = {
        "title": title,
        "facts": dict(facts or {}),
        "metrics": dict(metrics),
        "gates": [dict(gate) for gate in gates],
        "challenger": challenger and dict(challenger),
        "champion": champion and dict(champion),
        "curve": [dict(point) for point in curve],
        "reliability": [list(one) for one in reliability],
        "per_class": [dict(one) for one in per_class],
    }
    try:
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{path}: a figure is not fit for JSON ({error})") from error
    page = _page(title, "".join(_sections(document)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path.with_suffix(".json"), text + "\n")
        _write(path, page)
    except OSError as error:
        raise ReportError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _sections(document: Mapping[str, Any]) -> list[str]:
    metrics = document["metrics"]
    sections = [_pairs("What was trained", document["facts"]), _gates(document["gates"])]
    if document["champion"] and document["challenger"]:
        sections.append(_beside(document["challenger"], document["champion"]))
    main = {words: metrics[name] for name, words in MAIN_FIGURES.items() if name in metrics}
    sections.append(_pairs("Measured on cars it was not trained on", main))
    sections += [_curves(document["curve"]), _calibration(document["reliability"])]
    sections.append(_rows("By source", _named(metrics.get("sources"), "source")))
    for name, words in (
        ("listings", "Whole advertisements"),
        ("listings_of_known_makes", "Whole advertisements of known makes"),
        ("unknown", "Photos of models it does not know"),
        ("answers", "What it answered, in photos"),
    ):
        sections.append(_pairs(words, metrics.get(name) or {}))
    usable = metrics.get("usable") or {}
    sections.append(_pairs("Usable photos", {k: v for k, v in usable.items() if k != "confusion"}))
    sections.append(
        _rows("Usable photos: labelled as (row), judged as (column)", _named(usable.get("confusion"), "label"))
    )
    sections.append(_rows("Classes", document["per_class"]))
    return sections


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def _gates(gates: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td class={'passed' if gate['passed'] else 'failed'}>{'passed' if gate['passed'] else 'failed'}</td>"
        f"<td>{escape(str(gate['name']))}</td><td>{escape(str(gate.get('text', '')))}</td>"
        f"<td class=number>{_number(gate.get('value'))}</td><td class=number>{_number(gate.get('limit'))}</td></tr>"
        for gate in gates
    )
    head = "<tr><th></th><th>Gate</th><th>Measured</th><th class=number>Value</th><th class=number>Limit</th></tr>"
    return f"<h2>Gates</h2><table>{head}{rows}</table>" if gates else ""


def _beside(challenger: Mapping[str, Any], champion: Mapping[str, Any]) -> str:
    rows = []
    for name, words in MAIN_FIGURES.items():
        new, old = challenger.get(name), champion.get(name)
        if new is None and old is None:
            continue
        change = f"{new - old:+.3f}" if new is not None and old is not None and name not in COUNTS else ""
        numbers = "".join(f"<td class=number>{cell}</td>" for cell in (_number(old, name), _number(new, name), change))
        rows.append(f"<tr><td>{words}</td>{numbers}</tr>")
    head = "".join(f"<th class=number>{word}</th>" for word in ("Champion", "Challenger", "Change"))
    return f"<h2>Champion and challenger on the same photos</h2><table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _pairs(heading: str, values: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(name))}</td><td class=number>{_number(value, str(name))}</td></tr>"
        for name, value in values.items()
    )
    return f"<h2>{escape(heading)}</h2><table>{rows}</table>" if rows else ""


def _rows(heading: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td class=number>{_number(row.get(name), name)}</td>" for name in names) + "</tr>"
        for row in rows
    )
    return f"<h2>{escape(heading)}</h2><table><tr>{head}</tr>{body}</table>"


def _named(parts: Mapping[str, Mapping[str, Any]] | None, what: str) -> list[dict[str, Any]]:
    return [{what: name, **part} for name, part in (parts or {}).items()]


def _number(value: Any, name: str = "") -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.0f}" if name in COUNTS else f"{value:.4g}"
    return escape(str(value))


def _curves(curve: Sequence[Mapping[str, float]]) -> str:
    if not curve:
        return ""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, words, names in ((left, "loss", ("loss", "val_loss")), (right, "share right", ("accuracy", "val_top1"))):
        for name in names:
            points = [(point["epoch"], point[name]) for point in curve if name in point]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        if axes.lines:
            axes.legend()
        axes.set(xlabel="epoch", ylabel=words)
        axes.grid(alpha=0.3)
    return "<h2>Course of the training</h2>" + _picture(figure, "Loss and share right per epoch")


def _calibration(reliability: Sequence[Sequence[float]]) -> str:
    if not reliability:
        return ""
    figure = Figure(figsize=(4.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    most = max(one[2] for one in reliability)
    axes.plot([one[0] for one in reliability], [one[1] for one in reliability])
    axes.scatter(
        [one[0] for one in reliability], [one[1] for one in reliability], [80 * one[2] / most for one in reliability]
    )
    axes.set(xlabel="stated confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    return "<h2>Calibration</h2>" + _picture(figure, "Share right over stated confidence; the grey line is honest")


def _picture(figure: Figure, words: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<p><img alt="{escape(words)}" src="data:image/png;base64,{data}"></p>'


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
