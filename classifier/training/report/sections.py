"""The sections that show plain figures; each is None where there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from classifier.training.report.elements.curve import curve_svg
from classifier.training.report.elements.figures import (
    MAIN_FIGURES,
    OF_KNOWN,
    WHOLE,
    called,
    change,
    number,
    percent,
    points_short,
    shown,
)
from classifier.training.report.elements.tables import Cell, folded, interval_cell, number_cell, table
from classifier.training.report.page import Section
from classifier.training.report.photos import Album
from classifier.training.report.render import render_html
from classifier.training.target_error import TARGET_ERROR_WORDS

PARTS = {
    "listings": "Whole advertisements",
    "listings_of_known_makes": "Whole advertisements of known makes",
    "unknown": "Photos of models it does not know",
    "look_alikes": "Photos answered with a group of look-alikes",
    "answers": "What became of photos of known models",
    "view": "The side that a photo shows",
    "body": "The body type",
}
LONG_TABLE = 25
"""A longer table of classes is folded away."""


def gates_section(gates: Sequence[Mapping[str, Any]]) -> Section | None:
    """Each gate with what was measured and its limit."""
    if not gates:
        return None
    rows = [
        [
            Cell(str(gate["name"]).replace("_", " "), passed=bool(gate["passed"])),
            gate.get("text", ""),
            _stands_on(gate.get("evidence")),
            *(number_cell(_limit(gate.get(name))) for name in ("value", "limit")),
        ]
        for gate in gates
    ]
    made = table("What it has to show before it may serve", ["Gate", "Measured", "On", "Value", "Limit"], rows)
    return Section("gates", "Gates", made, {"gates": [dict(gate) for gate in gates]})


def _stands_on(evidence: Mapping[str, int] | None) -> str:
    """The photos that a gate stands on; "" where it stands on none, or nothing is known of them."""
    if not evidence:
        return ""
    photos, models, makes, sources = (f"{evidence[name]:,} {name}" for name in ("photos", "models", "makes", "sources"))
    return f"{photos} of {models}, {makes}, {sources}"


def beside_section(
    challenger: Mapping[str, Any] | None,
    champion: Mapping[str, Any] | None,
    differences: Mapping[str, Mapping[str, float]] | None = None,
    *,
    words: Mapping[str, str] = MAIN_FIGURES,
) -> Section | None:
    """Both on the same photos.

    differences: of a figure its value, low and high (paired bootstrap over cars). words: what the
    figures are called.
    """
    if not challenger or not champion:
        return None
    intervals = differences or {}
    rows = []
    for name, words_of_it in words.items():
        new, old = challenger.get(name), champion.get(name)
        if new is None and old is None:
            continue
        moved = "" if new is None or old is None or name in WHOLE else change(new - old, name)
        interval = intervals.get(name)
        below = " … ".join(points_short(interval[end]) for end in ("low", "high")) if interval else ""
        rows.append([words_of_it, *(number_cell(shown(one, name)) for one in (old, new)), number_cell(moved, below)])
    made = table(
        "Of all the test photos, whether a model knows their cars or not. Change of shares in points; below it the "
        "95 % interval, by paired bootstrap over cars.",
        ["", "Champion", "Challenger", "Change"], rows,
    )  # fmt: skip
    figures = {"challenger": dict(challenger), "champion": dict(champion), "differences": dict(intervals)}
    return Section("beside", "Champion and challenger", made, figures)


def trained_section(facts: Mapping[str, Any]) -> Section | None:
    """What was trained on what; the recipe's many values are folded away."""
    if not facts:
        return None
    plain = [[name, value] for name, value in facts.items() if not name.startswith("recipe: ")]
    recipe = [[name.removeprefix("recipe: "), value] for name, value in facts.items() if name.startswith("recipe: ")]
    made = table("Training", ["", "Value"], plain, words=True)
    made += folded("The recipe", table("Recipe", ["Setting", "Value"], recipe, words=True))
    return Section("trained", "What was trained", made, {"facts": dict(facts)})


def stages_section(stages: Sequence[Mapping[str, Any]]) -> Section | None:
    """What each step of cleaning left.

    stages: mappings with name, before and after (photos), and words.
    """
    if not stages:
        return None
    rows = [[one["name"], one["before"], one["after"], one["before"] - one["after"], one["words"]] for one in stages]
    made = table("Photos before and after each step", ["Step", "Before", "After", "Fewer", ""], rows)
    return Section("stages", "How the photos were cleaned", made, {"stages": [dict(one) for one in stages]})


def curve_section(curve: Sequence[Mapping[str, float]]) -> Section | None:
    """The course of the training per epoch."""
    if not curve:
        return None
    if len(curve) > 1:
        made = curve_svg(curve)
    else:
        made = table("Its one epoch", ["", "Value"], [[called(name), value] for name, value in curve[0].items()])
    return Section("course", "Course of the training", made, {"curve": [dict(point) for point in curve]})


def measured_section(metrics: Mapping[str, Any]) -> Section | None:
    """The main figures with their intervals, and the metrics as they are for the JSON."""
    known = int(metrics.get("known") or 0)
    rows = []
    for name, words in MAIN_FIGURES.items():
        if name in metrics:
            value = metrics[name]
            said = percent(value, known) if name in OF_KNOWN and value is not None else shown(value, name)
            rows.append([words, number_cell(said)])
    if not rows:
        return None
    made = table(
        "Shares of photos of known models, where nothing else is said; in brackets 95 % intervals (Wilson's)",
        ["", "Measured"],
        rows,
    )
    return Section("measured", "How often it is right", made, {"metrics": dict(metrics)})


def parts_section(metrics: Mapping[str, Any]) -> Section | None:
    """By view, by source, by advertisement, and everything else that evaluate tells apart."""
    parts = {name: metrics.get(name) or {} for name in PARTS}
    # The first figure of a part says how many photos or cars there are.
    columns = [_figures_table(PARTS[name], part) for name, part in parts.items() if next(iter(part.values()), 0)]
    usable = metrics.get("usable") or {}
    confusion = Markup()
    if usable.get("photos"):
        columns.append(_figures_table("Usable photos", {k: v for k, v in usable.items() if k != "confusion"}))
        confusion = _usable_table(usable.get("confusion") or {})
    views, sources = _views_table(metrics.get("views") or {}), _sources_table(metrics.get("sources") or {})
    pixels = _pixels_table(metrics.get("pixels") or {})
    if not any((views, pixels, sources, confusion, *columns)):
        return None
    made = render_html("parts", views=views, pixels=pixels, sources=sources, columns=columns, confusion=confusion)
    return Section("parts", "By view, size, source and advertisement", made)


def _figures_table(words: str, figures: Mapping[str, Any]) -> Markup:
    rows = [[called(name), number_cell(shown(value, name))] for name, value in figures.items()]
    return table(words, ["", "Value"], rows)


def _views_table(views: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, one["known"], *(interval_cell(one[key], one["known"]) for key in ("make_top1", "model_top1"))]
        for name, one in views.items()
    ]
    return table("By the side that the photo shows", ["Side", "Photos", "Make right", "Model right"], rows)


def _pixels_table(pixels: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [
            name, one["photos"], one["known"],
            *(interval_cell(one[key], one["known"]) for key in ("make_top1", "model_top1")),
            *(number_cell(shown(one[key], key)) for key in ("filled_in", "filled_in_wrong")),
        ]
        for name, one in pixels.items()
    ]  # fmt: skip
    heads = ["Pixels", "Photos", "Known", "Make right", "Model right", "Filled in", "Of these wrong"]
    return table("By the longer side of the car in the photo", heads, rows)


def _sources_table(sources: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [
            name, one.get("photos"), one.get("known"),
            *(interval_cell(one.get(key), one.get("known")) for key in OF_KNOWN),
            *(number_cell(shown(one.get(key), key)) for key in ("ece", "coverage_at_3pct_error")),
        ]
        for name, one in sources.items()
    ]  # fmt: skip
    heads = [
        "Source",
        "Photos",
        "Known",
        "Class",
        "First five",
        "Make",
        "Model",
        "Calibration",
        f"At {TARGET_ERROR_WORDS}",
    ]
    return table("By where the photos come from", heads, rows)


def _usable_table(confusion: Mapping[str, Mapping[str, int]]) -> Markup:
    heads = ["Labelled", *next(iter(confusion.values()), {})]
    rows = [[name, *row.values()] for name, row in confusion.items() if any(row.values())]
    return table("Usable photos: labelled (row), answered (column)", heads, rows)


def classes_section(per_class: Sequence[Mapping[str, Any]]) -> Section | None:
    """Precision, recall, F1 and support of every class that occurs."""
    if not per_class:
        return None
    rows = [
        [
            one["class"],
            *(number_cell(f"{one[key]:.2f}") for key in ("precision", "recall", "f1")),
            number_cell(f"{one['support']:.0f}"),
        ]
        for one in per_class
    ]
    made = table("The weakest first", ["Class", "Precision", "Recall", "F1", "Photos"], rows)
    made = folded(f"{len(rows)} classes", made) if len(rows) > LONG_TABLE else made
    return Section("classes", "Classes", made, {"per_class": [dict(one) for one in per_class]})


def left_out_section(album: Album) -> Section | None:
    """Says that pictures are missing, where the report would have become too large."""
    if not album.left_out:
        return None
    made = render_html("left_out", pictures=album.left_out)
    return Section("left-out", "Left out", made, {"pictures_left_out": album.left_out})


def _limit(value: Any) -> str:
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float) else number(value)
