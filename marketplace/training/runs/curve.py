"""The course of a training as plain SVG in the page's own text colour, without script."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 420, 170
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 22
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#a855f7")  # each readable on white and on near-black
ABOUT = {"epoch", "size", "hold", "images_per_s"}
"""Figures that are no measure of how well it learns."""


def curve_svg(points: Sequence[Mapping[str, Any]]) -> SafeString:
    """Losses on the left, shares right on the right, over epochs; "" without points."""
    names = sorted({name for point in points for name in point} - ABOUT)
    losses = [name for name in names if "loss" in name]
    shares = [name for name in names if "loss" not in name and _within(points, name, 0, 1)]
    charts = [_chart(words, points, part) for words, part in (("loss", losses), ("share right", shares)) if part]
    return render_to_string("admin/training/curve.html", {"charts": charts, "width": WIDTH, "height": HEIGHT})


def _within(points: Sequence[Mapping[str, Any]], name: str, low: float, high: float) -> bool:
    return all(low <= value <= high for _, value in _values(points, name))


def _values(points: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [
        (float(point.get("epoch", number)), float(point[name]))
        for number, point in enumerate(points, start=1)
        if isinstance(point.get(name), int | float)
    ]


def _chart(words: str, points: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    lines = {name: _values(points, name) for name in names}
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

    ticks = [low, (low + high) / 2, high]
    return {
        "words": words,
        "lines": [
            {
                "name": name,
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
        "ticks": [{"y": y(value), "label": f"{value:.2g}"} for value in ticks],
        "first": {"x": x(first), "label": f"{first:g}"},
        "last": {"x": x(last), "label": f"{last:g}"} if last > first else None,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "bottom": HEIGHT - 6,
        "label_x": LEFT - 6,
    }
