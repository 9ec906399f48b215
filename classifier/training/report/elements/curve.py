"""The course of a training, for the report and for the run's page in the admin.

Plain SVG in the page's own colour of text. It holds no script, and no style that a strict
Content-Security-Policy would refuse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from classifier.training.report.render import render_html

WIDTH, HEIGHT = 340, 170
"""On a phone that is 390 px wide the text keeps its size."""
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 24
COLOURS = ("#3b82f6", "#d97706", "#059669", "#a855f7")
"""A contrast of 3:1 or more, on white and on near-black."""
ABOUT = frozenset({"epoch", "size", "hold", "images_per_s"})
"""Figures that are no measure of how well it learns."""


def curve_svg(points: Sequence[Mapping[str, Any]]) -> Markup:
    """Losses in one drawing, shares right in another, over epochs; empty if there are neither.

    points: per epoch a mapping of figures, as a training's history has them. A figure that is not
    finite is left out.
    """
    names = sorted({name for point in points for name in point} - ABOUT)
    lines = {name: line for name in names if (line := _line(points, name))}
    losses = {name: line for name, line in lines.items() if "loss" in name}
    shares = {name: line for name, line in lines.items() if "loss" not in name and _shares(line)}
    charts = [_chart(words, part) for words, part in (("loss", losses), ("share right", shares)) if part]
    if not charts:
        return Markup()
    return render_html("curve", charts=charts, width=WIDTH, height=HEIGHT, left=LEFT, right=WIDTH - RIGHT)


def _line(points: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    """(epoch, value) where there is one."""
    return [
        (float(point.get("epoch", number)), float(point[name]))
        for number, point in enumerate(points, start=1)
        if isinstance(point.get(name), int | float) and math.isfinite(point[name])
    ]


def _shares(line: Sequence[tuple[float, float]]) -> bool:
    return all(0 <= value <= 1 for _, value in line)


def _chart(words: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """What the template draws, in its own coordinates."""
    everything = [at for line in lines.values() for at in line]
    epochs, values = [epoch for epoch, _ in everything], [value for _, value in everything]
    first, last, low, high = min(epochs), max(epochs), min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5

    def x(epoch: float) -> float:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    marked = [(first, "middle"), (last, "end")] if last > first else [(first, "middle")]
    return {
        "words": words,
        "lines": [
            {
                "name": name,
                "photos": "held-out photos" if name.startswith("val_") else "training photos",
                "colour": COLOURS[number % len(COLOURS)],
                "points": " ".join(f"{x(epoch)},{y(value)}" for epoch, value in line),
                "dots": [
                    {"x": x(epoch), "y": y(value), "said": f"epoch {epoch:g}: {name} {value:.4g}"}
                    for epoch, value in line
                ],
                "last": f"{line[-1][1]:.3g}",
            }
            for number, (name, line) in enumerate(lines.items())
        ],
        "ticks": [{"y": y(value), "label": f"{value:.2g}"} for value in (low, (low + high) / 2, high)],
        "epochs": [{"x": x(epoch), "anchor": anchor, "label": f"{epoch:g}"} for epoch, anchor in marked],
    }
