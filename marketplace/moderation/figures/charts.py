"""Charts as SVG, drawn on the server: lines over weeks, and bars. No script, no style attribute."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 24
LINES = 4
"""Series in one chart with a look of their own (moderate.css: chart-1 …)."""


@dataclass(frozen=True)
class Series:
    """One line: a value for each label of the x axis, None where there is none."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    """With ``high``: the bounds of its band."""
    high: Sequence[float | None] = ()


def line_chart(*, title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> SafeString:
    """Lines over the labels, from 0 to a round number above the largest value.

    Points stand alone as dots, so a single week can be seen. The figure's text for screen readers
    is its title; give the same values in a table beside it.
    """
    known = [value for one in series for value in (*one.values, *one.high) if value is not None]
    top = _above(max(known, default=0.0) or 1.0)
    xs = [_x(place, len(labels)) for place in range(len(labels))]
    parts = [_grid(top, unit), _axis(labels, xs)]
    for number, one in enumerate(series[:LINES], start=1):
        parts += [_band(one, xs, top, number), _line(one, xs, top, number)]
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH, HEIGHT, title, format_html_join("", "{}", ((part,) for part in parts)),
    )  # fmt: skip


def _x(place: int, count: int) -> float:
    room = WIDTH - LEFT - RIGHT
    return LEFT + (room / 2 if count < 2 else room * place / (count - 1))


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _above(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    step = 10.0**-4
    while True:
        for factor in (1, 2, 5):
            if step * factor >= value:
                return step * factor
        step *= 10


def _grid(top: float, unit: str) -> SafeString:
    rows = ((LEFT, f"{_y(value, top):.1f}", WIDTH - RIGHT, f"{value:g}{unit}") for value in (0, top / 2, top))
    return format_html_join(
        "",
        '<line class="chart-grid" x1="{0}" x2="{2}" y1="{1}" y2="{1}"/>'
        '<text class="chart-text" x="36" y="{1}" dy="3" text-anchor="end">{3}</text>',
        rows,
    )


def _axis(labels: Sequence[str], xs: Sequence[float]) -> SafeString:
    every = max(1, -(-len(labels) // 6))
    shown = [
        (f"{x:.1f}", HEIGHT - 6, label)
        for place, (x, label) in enumerate(zip(xs, labels, strict=True))
        if place % every == 0
    ]
    return format_html_join("", '<text class="chart-text" x="{}" y="{}" text-anchor="middle">{}</text>', shown)


def _band(one: Series, xs: Sequence[float], top: float, number: int) -> SafeString:
    if not one.high:
        return SafeString("")
    ends = [
        (x, low, high)
        for x, low, high in zip(xs, one.low, one.high, strict=True)
        if low is not None and high is not None
    ]
    bars = ((f"{x:.1f}", f"{_y(low, top):.1f}", f"{_y(high, top):.1f}") for x, low, high in ends)
    return format_html_join(
        "", '<line class="chart-band chart-{3}" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', ((*bar, number) for bar in bars)
    )


def _line(one: Series, xs: Sequence[float], top: float, number: int) -> SafeString:
    points = [
        (f"{x:.1f}", f"{_y(value, top):.1f}") for x, value in zip(xs, one.values, strict=True) if value is not None
    ]
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = format_html_join(
        "", '<circle class="chart-dot chart-{2}" cx="{0}" cy="{1}" r="3"/>', ((x, y, number) for x, y in points)
    )
    return format_html('<polyline class="chart-line chart-{}" points="{}"/>{}', number, path, dots)
