"""Figures as people read them: numbers, shares, differences, and what each figure is called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from classifier.training.intervals import wilson
from classifier.training.target_error import TARGET_ERROR_WORDS

MAIN_FIGURES = {
    "photos": "Photos from outside",
    "known": "… of models it knows",
    "top1": "Class right (make, model, year)",
    "top5": "Class among the first five",
    "make_top1": "Make right",
    "model_top1": "Make and model right",
    "model_or_group": "Make and model right, or one of its look-alikes",
    "macro_f1": "F1, classes weighed alike",
    "ece": "Calibration error",
    "ece_by_chance": "… that honest confidences would show on these photos",
    "ece_with_unknown": "Calibration error, models it does not know counted as wrong",
    "ece_with_unknown_by_chance": "… that honest confidences would show on all these photos",
    "coverage_at_3pct_error": f"Answered at {TARGET_ERROR_WORDS}",
}
OF_KNOWN = ("top1", "top5", "make_top1", "model_top1", "model_or_group")
SHARES = (*OF_KNOWN, "coverage_at_3pct_error")
SHARE_ENDINGS = ("accuracy", "_top1", "above_threshold", "interior", "car_said", "car_recognised", "called_none")
WHOLE = frozenset({"photos", "known", "n", "support", "make_known", "epoch", "before", "after", "classes"})
"""Counts: shown without a decimal point."""
WORDS = {
    "n": "cars with two photos or more", "make_top1": "make right", "model_top1": "make and model right",
    "photo_make_top1": "make right, photo by photo", "photo_model_top1": "make and model, photo by photo",
    "group_top1": "the model is in the group",
    "make_known": "… of makes it knows", "above_threshold": "named all the same", "ece": "calibration error",
    "accuracy": "right", "filled_in": "a form is filled in", "filled_in_wrong": "… wrongly",
    "make_filled_in": "its make is", "make_filled_in_wrong": "… wrongly",
    "exterior_vs_interior": "outside or inside, rightly", "ok": "answered", "not_usable": "taken for no exterior",
    "no_vehicle": "no car found", "no_car_said": "no car, said to be none",
    "no_car_recognised": "no car, recognised as one", "cars_called_none": "a car, called none",
}  # fmt: skip


def number(value: Any, name: str = "") -> str:
    """A value for people: – for none, four digits of a float, no decimals of a count."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if name in WHOLE else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(number(one) for one in value) or "–"
    return str(value)


def percent(value: float | None, of: int | None = None) -> str:
    """A share as "81.2 %". With `of` photos also Wilson's interval: "81.2 % (78.0 … 84.1)"."""
    if value is None or not math.isfinite(value):
        return "–"
    if not of:
        return f"{value:.1%}".replace("%", " %")
    low, high = wilson(round(value * of), of)
    return f"{100 * value:.1f} % ({100 * low:.1f} … {100 * high:.1f})"


def points(value: float) -> str:
    """A difference of shares as "+1.2 points"."""
    return f"{100 * value:+.1f} points".replace("-", "−")


def points_short(value: float) -> str:
    """The same without the word, for a column that says it: "+1.2"."""
    return points(value).removesuffix(" points")


def shown(value: Any, name: str) -> str:
    """The figure `name` of `evaluate`, as a share or as a number."""
    share = name in SHARES or name.endswith(SHARE_ENDINGS) or "filled_in" in name
    return percent(value) if share and isinstance(value, float) else number(value, name)


def change(value: float, name: str) -> str:
    """By how much the figure `name` changed: shares in points."""
    return points_short(value) if name in SHARES else f"{value:+.3f}".replace("-", "−")


def called(name: str) -> str:
    """What a figure is called in a table of a part."""
    return WORDS.get(name, name.replace("_", " "))


def finite(value: Any) -> Any:
    """The same with null for every number that is not finite, which JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
