"""The parts of a report, each from plain figures; None where there is nothing to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from classifier.training.evaluation.confusion import class_name, merge_table
from classifier.training.intervals import wilson
from classifier.training.report.charts import calibration_chart, coverage_chart, heat_chart, training_chart
from classifier.training.report.findings import PAIRS_SHOWN, Coverage, Findings
from classifier.training.report.page import WHOLE, Cell, Section, number, percent, points, table
from classifier.training.report.photos import Album, gallery, pair_gallery, photo_facts

MAIN_FIGURES = {
    "photos": "Photos from outside",
    "known": "… of models it knows",
    "top1": "Class right (make, model, year)",
    "top5": "Class among the first five",
    "make_top1": "Make right",
    "model_top1": "Make and model right",
    "macro_f1": "F1, classes weighed alike",
    "ece": "Calibration error",
    "ece_by_chance": "… that honest confidences would show on these photos",
    "ece_with_unknown": "Calibration error, models it does not know counted as wrong",
    "ece_with_unknown_by_chance": "… that honest confidences would show on all these photos",
    "coverage_at_3pct_error": "Answered at 3 % error",
}
OF_KNOWN = ("top1", "top5", "make_top1", "model_top1")
SHARES = (*OF_KNOWN, "coverage_at_3pct_error")
PARTS = {
    "listings": "Whole advertisements",
    "listings_of_known_makes": "Whole advertisements of known makes",
    "unknown": "Photos of models it does not know",
    "answers": "What became of photos of known models",
    "view": "The side that a photo shows",
    "body": "The body type",
}
WORDS = {
    "n": "cars with two photos or more", "make_top1": "make right", "model_top1": "make and model right",
    "photo_make_top1": "make right, photo by photo", "photo_model_top1": "make and model, photo by photo",
    "make_known": "… of makes it knows", "above_threshold": "named all the same", "ece": "calibration error",
    "accuracy": "right", "filled_in": "a form is filled in", "filled_in_wrong": "… wrongly",
    "exterior_vs_interior": "outside or inside, rightly", "ok": "answered", "not_usable": "taken for no exterior",
    "no_vehicle": "no car found",
}  # fmt: skip
LONG_TABLE = 25
MERGES_FILE = ".merges.json"


def gates_section(gates: Sequence[Mapping[str, Any]]) -> Section | None:
    """Each gate with what was measured and its limit."""
    passed = {True: '<span class="good">passed</span>', False: '<span class="bad">failed</span>'}
    rows = [
        [
            Cell(f"{escape(str(gate['name']).replace('_', ' '))}<br>{passed[bool(gate['passed'])]}"),
            gate.get("text", ""), *(_right(_short(gate.get(name))) for name in ("value", "limit")),
        ]
        for gate in gates
    ]  # fmt: skip
    made = table("What it has to show before it may serve", ["Gate", "Measured", "Value", "Limit"], rows)
    return Section("gates", "Gates", made, {"gates": [dict(gate) for gate in gates]}) if gates else None


def beside_section(
    challenger: Mapping[str, Any] | None,
    champion: Mapping[str, Any] | None,
    differences: Mapping[str, Mapping[str, float]] | None = None,
    *,
    words: Mapping[str, str] = MAIN_FIGURES,
) -> Section | None:
    """Both on the same photos. differences: of a figure its value, low and high (paired bootstrap over cars).

    words: what the figures are called.
    """
    if not challenger or not champion:
        return None
    intervals = differences or {}
    rows = []
    for name, called in words.items():
        new, old = challenger.get(name), champion.get(name)
        if new is None and old is None:
            continue
        cells = [_right(_shown(value, name)) for value in (old, new)]
        change = "" if new is None or old is None or name in WHOLE else _change(new - old, name)
        rows.append([called, *cells, _change_cell(change, intervals.get(name))])
    made = table(
        "Of all the test photos, whether a model knows their cars or not. Change of shares in points; below it the "
        "95 % interval, by paired bootstrap over cars.",
        ["", "Champion", "Challenger", "Change"], rows,
    )  # fmt: skip
    figures = {"challenger": dict(challenger), "champion": dict(champion), "differences": dict(intervals)}
    return Section("beside", "Champion and challenger", made, figures)


def trained_section(facts: Mapping[str, Any]) -> Section | None:
    """What was trained on what; the recipe's many values folded away."""
    plain = [[name, value] for name, value in facts.items() if not name.startswith("recipe: ")]
    recipe = [[name.removeprefix("recipe: "), value] for name, value in facts.items() if name.startswith("recipe: ")]
    made = table("Training", ["", "Value"], plain, words=True)
    made += _folded("The recipe", table("Recipe", ["Setting", "Value"], recipe, words=True))
    return Section("trained", "What was trained", made, {"facts": dict(facts)}) if facts else None


def stages_section(stages: Sequence[Mapping[str, Any]]) -> Section | None:
    """What cleaning left of the rows: mappings with name, before, after (photos) and words."""
    if not stages:
        return None
    rows = [[one["name"], one["before"], one["after"], one["before"] - one["after"], one["words"]] for one in stages]
    made = table("Photos before and after each step", ["Step", "Before", "After", "Fewer", ""], rows)
    return Section("stages", "How the photos were cleaned", made, {"stages": [dict(one) for one in stages]})


def curve_section(curve: Sequence[Mapping[str, float]]) -> Section | None:
    """The course of the training per epoch."""
    if not curve:
        return None
    figures = {"curve": [dict(point) for point in curve]}
    if len(curve) > 1:
        return Section("course", "Course of the training", training_chart(curve), figures)
    rows = [[_words(name), value] for name, value in curve[0].items()]
    return Section("course", "Course of the training", table("Its one epoch", ["", "Value"], rows), figures)


def measured_section(metrics: Mapping[str, Any]) -> Section | None:
    """The main figures with their intervals, and the metrics as they are for the JSON."""
    known = int(metrics.get("known") or 0)
    rows = []
    for name, words in MAIN_FIGURES.items():
        if name in metrics:
            value = metrics[name]
            shown = percent(value, known) if name in OF_KNOWN and value is not None else _shown(value, name)
            rows.append([words, _right(shown)])
    made = table(
        "Shares of photos of known models, where nothing else is said; in brackets 95 % intervals (Wilson's)",
        ["", "Measured"],
        rows,
    )
    figures = {"metrics": dict(metrics)}
    return Section("measured", "How often it is right", made, figures) if rows else None


def parts_section(metrics: Mapping[str, Any]) -> Section | None:
    """By view, by source, by advertisement, and everything else that evaluate tells apart."""
    html = []
    views = metrics.get("views") or {}
    rows = [
        [name, one["known"], *(_with_interval(one[key], one["known"]) for key in ("make_top1", "model_top1"))]
        for name, one in views.items()
    ]
    html.append(table("By the side that the photo shows", ["Side", "Photos", "Make right", "Model right"], rows))
    rows = [
        [
            name, one.get("photos"), one.get("known"),
            *(_with_interval(one.get(key), one.get("known")) for key in OF_KNOWN),
            *(_right(_shown(one.get(key), key)) for key in ("ece", "coverage_at_3pct_error")),
        ]
        for name, one in (metrics.get("sources") or {}).items()
    ]  # fmt: skip
    heads = ["Source", "Photos", "Known", "Class", "First five", "Make", "Model", "Calibration", "At 3 % error"]
    html.append(table("By where the photos come from", heads, rows))
    html.append('<div class="columns">')
    for name, words in PARTS.items():
        values = metrics.get(name) or {}
        if not next(iter(values.values()), 0):
            continue  # the first figure says how many there are
        html.append(
            table(words, ["", "Value"], [[_words(key), _right(_shown(one, key))] for key, one in values.items()])
        )
    usable = metrics.get("usable") or {}
    plain = [[_words(key), _right(_shown(one, key))] for key, one in usable.items() if key != "confusion"]
    html.append(table("Usable photos", ["", "Value"], plain if usable.get("photos") else []))
    html.append("</div>")
    confusion = usable.get("confusion") or {}
    heads = ["Labelled", *(next(iter(confusion.values()), {}))]
    rows = [[name, *row.values()] for name, row in confusion.items() if any(row.values())]
    html.append(table("Usable photos: labelled (row), judged (column)", heads, rows if usable.get("photos") else []))
    made = "".join(html)
    return Section("parts", "By view, source and advertisement", made) if "<table" in made else None


def honesty_section(
    *,
    reliability: Sequence[Sequence[float]],
    coverage: Mapping[str, Coverage] | None = None,
    champion: Mapping[str, Coverage] | None = None,
    metrics: Mapping[str, Any] | None = None,
    temperature: float | None = None,
) -> Section | None:
    """Whether stated confidence is what happens, and what can be answered at which error."""
    if not reliability:
        return None
    figures: dict[str, Any] = {"reliability": [list(one) for one in reliability], "temperature": temperature}
    said, by_chance = ((metrics or {}).get(name) for name in ("ece", "ece_by_chance"))
    words = []
    if said is not None:
        words.append(f"Calibration error {said:.3f}")
        if by_chance is not None:
            words[-1] += f"; perfectly honest confidences would show {by_chance:.3f} on as few photos"
    if temperature is not None:
        words.append(f"temperature {temperature:.3f}")
    html = f"<p>{escape('; '.join(words))}.</p>" if words else ""
    html += calibration_chart(reliability)
    if coverage and any(one.curve for one in coverage.values()):
        html += "<h3>What can be answered at which error</h3>" + coverage_chart(coverage, champion)
        rows = []
        for name, one in coverage.items():
            mark = one.mark
            figures[f"coverage_{name}"] = {
                "curve": [list(point) for point in one.curve],
                "threshold": mark and {"confidence": mark.confidence, "coverage": mark.coverage, "error": mark.error},
            }
            if mark is None:
                rows.append([name, "never", _right("–"), _right("–")])
            else:
                rows.append([name, mark.confidence, _right(percent(mark.coverage)), _right(percent(mark.error))])
        html += table(
            "From which confidence a form fills itself, and what that comes to on photos of known models",
            ["", "Confidence", "Answered", "Wrong of these"], rows,
        )  # fmt: skip
    return Section("calibration", "Calibration", html, figures)


def confusion_section(findings: Findings, album: Album) -> Section | None:
    """Heat maps and the worst-confused pairs with photos."""
    if not findings.makes.labels:
        return None
    html = [_heat("Makes", findings.makes, "makes")]
    if findings.pairs:
        html.append(_heat("The classes that are confused the most", findings.confused, "classes"))
        html.append("<h3>The pairs that are confused the most</h3>")
        often = [pair for pair in findings.pairs if pair.mistakes > 1] or findings.pairs[:3]
        shown = [pair_gallery(album, findings, pair) for pair in often[:PAIRS_SHOWN]]
        left = len(findings.pairs) - len(shown)
        html.append(f"<p>{left} more pairs with a mistake between them are left out.</p>" if left else "")
        html += [one.replace("<h3>", "<h4>").replace("</h3>", "</h4>") for one in shown]
    figures = {
        "make_confusion": findings.makes.as_dict(), "class_confusion": findings.confused.as_dict(),
        "confused_pairs": findings.pairs_said(most=100),
    }  # fmt: skip
    return Section("confusions", "What is taken for what", "".join(html), figures)


def _heat(heading: str, confusion: Any, what: str) -> str:
    left = f" The {confusion.left_out} {what} with fewer mistakes are left out." if confusion.left_out else ""
    picture = heat_chart(confusion, words=f"{heading}: label (row) and answer (column), photos")
    return (
        f"<h3>{escape(heading)}</h3><p>Rows are labels, columns are answers; shade: share of the row, numbers: photos."
        f"{left}</p>{picture}"
    )


def merges_section(findings: Findings, *, file: str) -> Section | None:
    """Which classes could be one, as a table and as a file that cleaning reads. file: the report's name without end."""
    if not findings.merges:
        return None
    name = f"{file}{MERGES_FILE}"
    rows = [
        [
            f"{class_name(one.other)} into {class_name(one.into)}", _right(percent(one.pair.share)),
            one.pair.mistakes, sum(one.pair.photos), one.why_not or "in the file",
        ]
        for one in findings.merges
    ]  # fmt: skip
    made = merge_table(findings.merges)
    told = f"Classes that the model hardly tells apart. Merged, its top-1 would be {percent(findings.top1_merged)} "
    told += f"instead of {percent(findings.top1)} on these photos."
    told += (
        f" The table is ready to use in {name}, beside this report: read it before, a merge cannot be asked back."
        if made["merge_into"]
        else ""
    )
    html = f"<p>{escape(told)}</p>" + table(
        "Suggested merges", ["Merge", "Confused", "Mistakes", "Photos of both", ""], rows
    )
    figures = {
        "merges": [one.as_dict() for one in findings.merges],
        "top1": findings.top1, "top1_merged": findings.top1_merged,
    }  # fmt: skip
    files = {MERGES_FILE: json.dumps(made, indent=1, ensure_ascii=False) + "\n"} if made["merge_into"] else {}
    return Section("merges", "Merge?", html, {"merge_suggestions": figures}, files)


def photos_section(findings: Findings, album: Album) -> Section | None:
    """A random sample and the most confident mistakes."""
    if not findings.sample:
        return None
    html = f"<p>{len(findings.sample)} test photos drawn at random. The box is the car that was looked at.</p>"
    html += gallery(album, findings.sample)
    if findings.mistakes:
        left = findings.mistakes_left_out
        more = f" {left} less confident ones are left out." if left else ""
        html += f"<h3>The most confident mistakes</h3><p>Wrong labels are often among them.{more}</p>"
        html += gallery(album, findings.mistakes)
    figures = {
        "sample": [photo_facts(one) for one in findings.sample],
        "mistakes": [photo_facts(one) for one in findings.mistakes],
        "mistakes_left_out": findings.mistakes_left_out,
    }
    return Section("photos", "Photos", html, figures)


def classes_section(per_class: Sequence[Mapping[str, Any]]) -> Section | None:
    """Precision, recall, F1 and support of every class that occurs."""
    if not per_class:
        return None
    rows = [
        [one["class"], *(f"{one[key]:.2f}" for key in ("precision", "recall", "f1")), f"{one['support']:.0f}"]
        for one in per_class
    ]
    rows = [[name, *map(_right, figures)] for name, *figures in rows]
    made = table("The weakest first", ["Class", "Precision", "Recall", "F1", "Photos"], rows)
    made = _folded(f"{len(rows)} classes", made) if len(rows) > LONG_TABLE else made
    return Section("classes", "Classes", made, {"per_class": [dict(one) for one in per_class]})


def left_out_section(album: Album) -> Section | None:
    """Says that pictures are missing, where the report would have become too large."""
    if not album.left_out:
        return None
    told = f"<p>{album.left_out} pictures are left out: the report would have become too large.</p>"
    return Section("left-out", "Left out", told, {"pictures_left_out": album.left_out})


def share_cell(value: float | None) -> Cell:
    """A share, as numbers stand in a table."""
    return _right(percent(value))


def _right(text: str) -> Cell:
    return Cell(escape(text), number=True)


def _shown(value: Any, name: str) -> str:
    if (
        name in SHARES
        or name.endswith(("accuracy", "_top1", "above_threshold", "interior"))
        or name.startswith("filled_in")
    ):
        return percent(value) if isinstance(value, float) else number(value, name)
    return number(value, name)


def _change(value: float, name: str) -> str:
    return _points(value) if name in SHARES else f"{value:+.3f}".replace("-", "−")


def _change_cell(change: str, interval: Mapping[str, float] | None) -> Cell:
    below = f"<small>{_points(interval['low'])} … {_points(interval['high'])}</small>" if interval else ""
    return Cell(f"{escape(change)}{below}", number=True)


def _points(value: float) -> str:
    return points(value).removesuffix(" points")


def _short(value: Any) -> str:
    return number(value) if not isinstance(value, float) else f"{value:.3g}".replace("-", "−")


def _with_interval(value: float | None, of: int | None) -> Cell:
    """A share with Wilson's interval below it."""
    if value is None or not of:
        return _right(percent(value))
    low, high = wilson(round(value * of), of)
    return Cell(f"{percent(value)}<small>{100 * low:.0f} … {100 * high:.0f}</small>", number=True)


def _words(name: str) -> str:
    return WORDS.get(name, name.replace("_", " "))


def _folded(words: str, html: str) -> str:
    return f"<details><summary>{escape(words)}</summary>{html}</details>" if html else ""
