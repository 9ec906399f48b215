"""The report's drawings, each twice: dark ink for a light page, light ink for a dark one."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
from cycler import cycler
from markupsafe import Markup
from matplotlib.figure import Figure

from classifier.training.evaluation.confusion import Confusion
from classifier.training.report.findings import Coverage
from classifier.training.report.render import render_html
from classifier.training.target_error import TARGET_ERROR, TARGET_ERROR_WORDS

INKS = {"light": "#1c2128", "dark": "#e6edf3"}
LINES = {"light": ("#0b57b0", "#c2571a", "#12692f", "#7a3fb0"), "dark": ("#7db8ff", "#ffab70", "#5bd080", "#d2a8ff")}
MAPS = {"light": "Blues", "dark": "Blues_r"}
DPI = 120
Draw = Callable[[Figure, str], None]
"""Draws on the figure for a page of the mode "light" or "dark"."""


def chart(draw: Draw, *, size: tuple[float, float], words: str, wide: bool = False) -> Markup:
    """A drawing of so many inches.

    words: what it shows, for those who do not see it. wide: it scrolls, and never shrinks.
    """
    light, dark = (_png(draw, size, mode) for mode in ("light", "dark"))
    width, height = (round(side * DPI * 0.75) for side in size)
    return render_html("chart", light=light, dark=dark, width=width, height=height, words=words, wide=wide)


def _png(draw: Draw, size: tuple[float, float], mode: str) -> str:
    ink = INKS[mode]
    style = {
        "text.color": ink, "axes.labelcolor": ink, "axes.edgecolor": ink, "xtick.color": ink, "ytick.color": ink,
        "axes.facecolor": "none", "legend.facecolor": "none", "legend.edgecolor": "none",
        "axes.prop_cycle": cycler(color=LINES[mode]), "text.parse_math": False,
    }  # fmt: skip
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, mode)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, transparent=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def calibration_chart(reliability: Sequence[Sequence[float]]) -> Markup:
    """Share right over stated confidence; a point's size says how many photos it stands for."""

    def draw(figure: Figure, _: str) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--", label="honest")
        stated, right = [one[0] for one in reliability], [one[1] for one in reliability]
        most = max(one[2] for one in reliability)
        (line,) = axes.plot(stated, right, label="this model")
        axes.scatter(stated, right, [12 + 90 * one[2] / most for one in reliability], color=line.get_color())
        axes.set(xlabel="stated confidence", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.legend(loc="upper left")
        axes.grid(alpha=0.3)

    return chart(draw, size=(4.8, 4.2), words="Share right over stated confidence; the dashed line is honest")


def coverage_chart(coverage: Mapping[str, Coverage], beside: Mapping[str, Coverage] | None = None) -> Markup:
    """Error over the share of photos answered, surest first, with the thresholds in use.

    beside: the champion's.
    """

    def draw(figure: Figure, _: str) -> None:
        axes = figure.subplots()
        highest = TARGET_ERROR
        for name, one in coverage.items():
            if not one.curve:
                continue
            label = name if one.mark is None else f"{name}, filled in from {one.mark.confidence:.2f} on"
            (line,) = axes.plot([p[1] for p in one.curve], [p[2] for p in one.curve], label=label)
            highest = max(highest, *(p[2] for p in one.curve))
            if one.mark is not None and one.mark.error is not None:
                axes.plot(one.mark.coverage, one.mark.error, "o", markersize=9, color=line.get_color())
            old = beside.get(name) if beside else None
            if old is not None and old.curve:
                axes.plot(
                    [p[1] for p in old.curve], [p[2] for p in old.curve],
                    linestyle=":", color=line.get_color(), label=f"{name}, champion",
                )  # fmt: skip
        axes.axhline(TARGET_ERROR, color="grey", linewidth=1, linestyle="--", label=TARGET_ERROR_WORDS)
        axes.set(xlabel="share of photos answered, surest first", ylabel="share of answers wrong", xlim=(0, 1.02))
        axes.set_ylim(0, min(1.0, highest * 1.1))
        figure.legend(loc="outside lower center", fontsize=9)
        axes.grid(alpha=0.3)

    return chart(
        draw, size=(5.6, 5.2), words="Share of wrong answers over the share of photos answered; dots: the thresholds"
    )


def sweep_chart(
    steps: Mapping[str, Sequence[tuple[float, float, float | None]]], thresholds: Mapping[str, float]
) -> Markup:
    """Share filled in, and wrong of that, over the confidence from which a form fills itself.

    steps: per name (confidence, share filled in, share of these wrong or None), rising.
    thresholds: those in use.
    """

    def draw(figure: Figure, _: str) -> None:
        filled, wrong = figure.subplots(2, 1, sharex=True)
        for name, some in steps.items():
            (line,) = filled.plot([one[0] for one in some], [one[1] for one in some], marker=".", label=name)
            said = [(one[0], one[2]) for one in some if one[2] is not None]
            wrong.plot([at for at, _ in said], [error for _, error in said], marker=".", color=line.get_color())
            if thresholds[name] <= 1:
                for axes in (filled, wrong):
                    axes.axvline(thresholds[name], color=line.get_color(), linewidth=1, linestyle=":")
        wrong.axhline(TARGET_ERROR, color="grey", linewidth=1, linestyle="--")
        filled.set(ylabel="share filled in", ylim=(0, 1))
        wrong.set(ylabel="of these wrong", xlabel="filled in from this confidence on")
        wrong.set_ylim(bottom=0)
        filled.legend(loc="upper right")
        for axes in (filled, wrong):
            axes.grid(alpha=0.3)

    words = "What is filled in, and how much of it wrongly, over the confidence; dotted: the thresholds in use"
    return chart(draw, size=(5.6, 5.2), words=words)


def heat_chart(confusion: Confusion, *, words: str) -> Markup:
    """Each row's photos over its answers, as shares of the row; numbers are photos."""
    rows, columns = len(confusion.labels), len(confusion.answers)
    longest = max(len(name) for name in confusion.answers)
    label = min(longest, 34) * 0.075

    def draw(figure: Figure, mode: str) -> None:
        axes = figure.subplots()
        shares = [[cell / (sum(row) or 1) for cell in row] for row in confusion.counts]
        # Nothing is drawn where there is nothing: the page shows through.
        image = axes.imshow(
            [[cell or math.nan for cell in row] for row in shares], cmap=MAPS[mode], vmin=0, vmax=1, aspect="auto"
        )
        for at, row in enumerate(confusion.counts):
            for column, cell in enumerate(row):
                if cell:
                    red, green, blue, _ = image.cmap(shares[at][column])
                    colour = INKS["dark" if 0.3 * red + 0.6 * green + 0.1 * blue < 0.5 else "light"]
                    axes.text(
                        column, at, str(cell), ha="center", va="center", fontsize=7, color=colour, in_layout=False
                    )
        axes.set_xticks(range(columns), [_short(name) for name in confusion.answers], rotation=90, fontsize=8)
        axes.set_yticks(range(rows), [_short(name) for name in confusion.labels], fontsize=8)
        axes.set(xlabel="answer", ylabel="label")
        axes.set_xticks([at - 0.5 for at in range(1, columns)], minor=True)
        axes.set_yticks([at - 0.5 for at in range(1, rows)], minor=True)
        axes.grid(which="minor", alpha=0.15)
        axes.tick_params(which="minor", length=0)

    size = (max(4.0, columns * 0.235 + label + 0.6), max(3.0, rows * 0.21 + label + 0.6))
    return chart(draw, size=size, words=words, wide=True)


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"
