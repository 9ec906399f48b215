"""How good the whole eye is on labelled photos: detector, usable-photo judge and classifier together, as they serve.

Two steps: `photos_judge` says per photo what was right (a comparison of two models pairs these), `judged_summarise`
makes figures of them; `evaluate` is both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from classifier.artefact import Thresholds, TrainedClass
from classifier.fuse import Verdict
from classifier.preprocess import FloatArray, Photo
from classifier.recognition import Recognition
from classifier.taxonomy import name_key, rests, summarise
from classifier.training.calibrate import coverage_at_error, ece, ece_by_chance
from classifier.training.looks import looks_summarise, views_summarise
from classifier.training.manifest import ManifestRow
from classifier.training.progress import Progress

KINDS = ("exterior", "interior", "detail")
UNREADABLE = "unreadable"
MIN_LISTING_PHOTOS = 2


class Eye(Protocol):
    """The part of a Recogniser that is needed here."""

    @property
    def classes(self) -> tuple[TrainedClass, ...]:
        """What the classifier tells apart."""
        ...

    @property
    def thresholds(self) -> Thresholds:
        """From which confidence a form fills itself."""
        ...

    @property
    def body_threshold(self) -> float:
        """From which confidence it fills the body in."""
        ...

    def stream(self, photos: Iterable[Photo]) -> Iterator[Recognition]:
        """One recognition per photo, in order."""
        ...

    def verdict(self, recognitions: Sequence[Recognition]) -> Verdict | None:
        """The photos of one car together."""
        ...


@dataclass(frozen=True)
class Judged:
    """What was said of one labelled photo, and whether it was right."""

    row: ManifestRow
    recognition: Recognition
    """Without log_probs where no listing needs them: 100,000 photos of 1,000 classes would be 400 MB."""
    known: bool
    """An exterior photo with a make, of a model that the artefact knows."""
    make_known: bool
    """As known, for the make."""
    truth: int = -1
    """Index of the photo's trained class; of several that fit (see `TrainedNames.fitting`) the predicted one, else the
    first. -1 if the model is unknown."""
    predicted: int = -1
    """Index of the likeliest trained class; -1 if there was no answer."""
    top1: bool = False
    top5: bool = False
    make_right: bool = False
    model_right: bool = False

    @property
    def labelled(self) -> bool:
        """Whether make and model of this photo are judged: the car from outside, and somebody said what it is."""
        return self.row.exterior and bool(self.row.make)

    @property
    def confidence(self) -> float:
        """Of the top candidate (make and model, years summed), 0…1; 0 if there was no answer."""
        return self.recognition.candidates[0].confidence if self.recognition.candidates else 0.0


CarKey = Callable[[str, str], tuple[str, str]]
"""(make, model) → what all names of this make, and all names of this model, have in common. No model: ""."""


def key_by_letters(make: str, model: str) -> tuple[str, str]:
    """Names compare case-, accent-, space- and punctuation-blind, and know no other names of a car."""
    return name_key(make), name_key(model) if model else ""


class TrainedNames:
    """Which trained classes a label means: those of its own name or, where there are none, of other names of the car.

    Which names are one car's, `key` says. The own name goes first, so that classes which differ in more than the model
    ("3 Series Sedan", "3 Series Wagon") are still told apart wherever the label tells them apart.
    """

    def __init__(self, classes: Sequence[TrainedClass], key: CarKey = key_by_letters) -> None:
        self._key = key
        self._years = [one.years for one in classes]
        self._models: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._cars: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index, one in enumerate(classes):
            self._models[key_by_letters(one.make, one.model)].append(index)
            self._cars[key(one.make, one.model)].append(index)
        self._makes = {make for make, _ in self._cars}
        self._of_brands = not any(one.model for one in classes)
        self.rests = np.asarray(rests(classes), dtype=np.bool_)
        """(C,): classes that name no model."""
        self.fitting: Callable[[str, str, str], tuple[int, ...]] = lru_cache(maxsize=10_000)(self._fitting)
        """(make, model, year) → the classes that are right for it. A label without year is any year of its model; a
        class without years is every year. If the model is known but not of that year, none."""

    def make_known(self, make: str) -> bool:
        """Whether any class is of this make."""
        return self._key(make, "")[0] in self._makes

    def same_make(self, one: str, other: str) -> bool:
        """Whether both name one make."""
        return self._key(one, "")[0] == self._key(other, "")[0]

    def same_model(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether both (make, model) name one model, or two that the artefact has one class for."""
        if not self.same_make(one[0], other[0]):
            return False
        return self._key(*one) == self._key(*other) or self.of_model(*one) == self.of_model(*other) != []

    def of_model(self, make: str, model: str) -> list[int]:
        """The classes of a model over all its years.

        An artefact of brands knows every model of its makes as the make. [] = the artefact does not know the model.
        """
        if self._of_brands:
            return self._cars.get((self._key(make, "")[0], ""), [])
        if not model:
            return []
        return self._models.get(key_by_letters(make, model), []) or self._cars.get(self._key(make, model), [])

    def _fitting(self, make: str, model: str, year: str) -> tuple[int, ...]:
        return tuple(i for i in self.of_model(make, model) if years_fit(year, self._years[i]))


def years_fit(year: str, years: str) -> bool:
    """Whether "2010" fits "2008-2012", "2010" or "". "" fits everything."""
    if not year or not years or year == years:
        return True
    first, _, last = years.partition("-")
    if not (year.isdecimal() and first.isdecimal()):
        return False
    return int(first) <= int(year) <= (int(last) if last.isdecimal() else int(first))


def evaluate(
    *,
    rows: Sequence[ManifestRow],
    recogniser: Eye,
    progress: Progress,
    key: CarKey = key_by_letters,
    classes: Sequence[TrainedClass] | None = None,
) -> dict[str, Any]:
    """The figures of `photos_judge` and `judged_summarise`: see there. Plain values, fit for JSON."""
    judged = photos_judge(rows=rows, recogniser=recogniser, progress=progress, key=key, classes=classes)
    return judged_summarise(judged=judged, recogniser=recogniser, key=key)


def photos_judge(
    *,
    rows: Sequence[ManifestRow],
    recogniser: Eye,
    progress: Progress,
    key: CarKey = key_by_letters,
    classes: Sequence[TrainedClass] | None = None,
) -> list[Judged]:
    """Look at every photo as the site would, in batches, and compare with its label; in the order of `rows`.

    classes: the recogniser's under the names by which a site adds them up, in its order: candidates and their
    confidence are the site's then. Which trained class is right stays a matter of the recogniser's own names.
    """
    names = TrainedNames(recogniser.classes, key)
    together = _listing_vehicles(rows, names)
    stream = recogniser.stream(row.path for row in rows)
    judged = []
    for row, said in zip(progress.track(rows, total=len(rows), what="Looking at photos"), stream, strict=True):
        if classes is not None and said.log_probs is not None:
            make, candidates = summarise(np.exp(said.log_probs), classes)
            said = replace(said, make=make, candidates=tuple(candidates))  # noqa: PLW2901
        one = _judge(row, said, names)
        if row.vehicle not in together:
            one = replace(one, recognition=replace(said, log_probs=None))
        judged.append(one)
    return judged


def _listing_vehicles(rows: Sequence[ManifestRow], names: TrainedNames) -> set[str]:
    counted = Counter(row.vehicle for row in rows if row.exterior and row.make and names.make_known(row.make))
    return {vehicle for vehicle, photos in counted.items() if photos >= MIN_LISTING_PHOTOS}


def _judge(row: ManifestRow, said: Recognition, names: TrainedNames) -> Judged:
    labelled = row.exterior and bool(row.make)
    of_model = names.of_model(row.make, row.model) if labelled else []
    one = Judged(row, said, known=bool(of_model), make_known=labelled and names.make_known(row.make))
    if not labelled:
        return one
    fitting = names.fitting(row.make, row.model, row.year)
    truth = (*fitting, *of_model, -1)[0]
    if said.log_probs is None:
        return replace(one, truth=truth)
    order = best_first(np.where(names.rests, -np.inf, said.log_probs))  # as the site, which names none of them
    predicted = order[0]
    return replace(
        one,
        truth=predicted if predicted in fitting else truth,
        predicted=predicted,
        top1=predicted in fitting,
        top5=any(index in fitting for index in order),
        make_right=said.make is not None and names.same_make(said.make.name, row.make),
        model_right=_model_right(row, said, names),
    )


def best_first(log_probs: FloatArray, most: int = 5) -> list[int]:
    """Indices of the likeliest classes; the earlier one first where two are equal."""
    return [int(index) for index in np.argsort(-log_probs, kind="stable")[:most]]


def _model_right(row: ManifestRow, said: Recognition | Verdict, names: TrainedNames) -> bool:
    if not said.candidates or not names.of_model(row.make, row.model):
        return False
    best = said.candidates[0]
    return names.same_model((best.make, best.model), (row.make, row.model))


def judged_summarise(*, judged: Sequence[Judged], recogniser: Eye, key: CarKey = key_by_letters) -> dict[str, Any]:
    """All figures. Shares lie in 0…1 and are None where there is no photo to take them of.

    photos: exterior photos (kind "exterior" or not said) with a make. known: those whose model the artefact knows.
    top1, top5: the trained class is right: make and model, and the year where class and label both name one (a label
    without year is right at any year of its model; a known model of a year that no class has is never right).
    make_top1, model_top1: probabilities summed over models and years first. All four and macro_f1 (mean F1 of the
    classes that occur) are shares of *known*, in which a photo that was answered no_vehicle, not_usable or unreadable
    counts as wrong. ece: of the top candidate's confidence, over known photos with an answer; ece_by_chance: what
    honest confidences would show on these. ece_with_unknown, ece_with_unknown_by_chance: the same over all answered
    photos, as a site sees them, whose models may be unknown and are wrong then. Confidence leaves room for the rest
    of a make, so where many are unknown the answers to the known are right more often than it says.
    coverage_at_3pct_error: share of known photos, unanswered ones included, that can be answered with at most 3 % wrong
    models.
    filled_in: share of all photos, known or not, whose model lies above the threshold; filled_in_wrong: of those, the
    share that is wrong.
    usable: over photos labelled exterior, interior or detail ("damage" may be any); confusion[label][answer] counts.
    exterior_vs_interior leaves the noisy label "detail" out and asks only whether "exterior" was said rightly.
    listings: cars with at least two known photos: fused verdict, beside the shares of their single photos.
    view, body: see looks_summarise. views: how right make and model are, seen from each side (views_summarise).
    Apart from those: unknown (photos of models the artefact does not know; above_threshold is the share that a form
    would have filled in all the same), listings_of_known_makes (as listings, for the make, where only that must be
    known), answers (known photos by status) and sources (the main figures per manifest).
    """
    labelled = [one for one in judged if one.labelled]
    unknown = [one for one in labelled if not one.known]
    threshold = recogniser.thresholds.model
    names = TrainedNames(recogniser.classes, key)
    return {
        **_figures(labelled, threshold),
        "usable": _usable(judged),
        **looks_summarise(judged, body_threshold=recogniser.body_threshold),
        "views": views_summarise(labelled),
        "listings": _listings([one for one in labelled if one.known], recogniser, names),
        "listings_of_known_makes": _listings(
            [one for one in labelled if one.make_known], recogniser, names, models=False
        ),
        "unknown": {
            "photos": len(unknown),
            "above_threshold": _share(one.confidence >= threshold for one in unknown),
            "make_known": sum(one.make_known for one in unknown),
            "make_top1": _share(one.make_right for one in unknown if one.make_known),
        },
        "answers": dict(sorted(Counter(one.recognition.status for one in labelled if one.known).items())),
        "sources": {
            source: _figures([one for one in labelled if one.row.source == source], threshold)
            for source in sorted({one.row.source for one in labelled})
        },
    }


def _figures(labelled: Sequence[Judged], threshold: float) -> dict[str, Any]:
    known = [one for one in labelled if one.known]
    filled = [one for one in labelled if one.confidence >= threshold]
    said = [one for one in labelled if one.recognition.candidates]
    answered = [one for one in said if one.known]
    confidences = [one.confidence for one in answered]
    confidences_of_all = [one.confidence for one in said]
    return {
        "photos": len(labelled),
        "known": len(known),
        "top1": _share(one.top1 for one in known),
        "top5": _share(one.top5 for one in known),
        "make_top1": _share(one.make_right for one in known),
        "model_top1": _share(one.model_right for one in known),
        "macro_f1": _macro_f1(known),
        "ece": ece(confidences, [one.model_right for one in answered]) if answered else None,
        "ece_by_chance": ece_by_chance(confidences) if answered else None,
        "ece_with_unknown": ece(confidences_of_all, [one.model_right for one in said]) if said else None,
        "ece_with_unknown_by_chance": ece_by_chance(confidences_of_all) if said else None,
        "coverage_at_3pct_error": (
            coverage_at_error([one.confidence for one in known], [one.model_right for one in known]) if known else None
        ),
        "filled_in": _share(one.confidence >= threshold for one in labelled),
        "filled_in_wrong": _share(not one.model_right for one in filled),
    }


def per_class(judged: Sequence[Judged]) -> dict[int, dict[str, float]]:
    """Trained class index → precision, recall, f1, support over known photos, for the classes that occur among them."""
    known = [one for one in judged if one.known]
    support = Counter(one.truth for one in known)
    said = Counter(one.predicted for one in known)
    hits = Counter(one.truth for one in known if one.top1)
    return {
        index: {
            "precision": hits[index] / said[index] if said[index] else 0.0,
            "recall": hits[index] / photos,
            "f1": 2 * hits[index] / (photos + said[index]),
            "support": photos,
        }
        for index, photos in sorted(support.items())
    }


def _macro_f1(known: Sequence[Judged]) -> float | None:
    classes = per_class(known)
    return float(np.mean([one["f1"] for one in classes.values()])) if classes else None


def _usable(judged: Sequence[Judged]) -> dict[str, Any]:
    confusion = {label: dict.fromkeys((*KINDS, UNREADABLE), 0) for label in KINDS}
    for one in judged:
        if one.row.kind in KINDS:
            confusion[one.row.kind][one.recognition.kind or UNREADABLE] += 1
    total = sum(sum(said.values()) for said in confusion.values())
    outside, inside = confusion["exterior"], confusion["interior"]
    two = sum(outside.values()) + sum(inside.values())
    rightly = outside["exterior"] + inside["interior"] + inside["detail"]
    return {
        "accuracy": sum(confusion[label][label] for label in KINDS) / total if total else None,
        "confusion": confusion,
        "exterior_vs_interior": rightly / two if two else None,
        "photos": total,
    }


def _listings(photos: Sequence[Judged], recogniser: Eye, names: TrainedNames, *, models: bool = True) -> dict[str, Any]:
    cars: dict[str, list[Judged]] = defaultdict(list)
    for one in photos:
        cars[one.row.vehicle].append(one)
    groups = [group for group in cars.values() if len(group) >= MIN_LISTING_PHOTOS]
    makes, models_right = [], []
    for group in groups:
        row = group[0].row
        verdict = recogniser.verdict([one.recognition for one in group])  # None (nothing usable) is wrong, too
        makes.append(verdict is not None and names.same_make(verdict.make.name, row.make))
        models_right.append(verdict is not None and _model_right(row, verdict, names))
    single = [one for group in groups for one in group]
    figures = {"n": len(groups), "make_top1": _share(makes), "photo_make_top1": _share(o.make_right for o in single)}
    if models:
        figures |= {"model_top1": _share(models_right), "photo_model_top1": _share(o.model_right for o in single)}
    return figures


def _share(right: Iterable[bool]) -> float | None:
    all_of_them = list(right)
    return sum(all_of_them) / len(all_of_them) if all_of_them else None
