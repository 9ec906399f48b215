"""How good a recogniser is on labelled photos: all its networks together, as they serve.

Two steps: `photos_score` says per photo what was right (a comparison of two models pairs these),
`scores_summarise` makes figures of them; `evaluate` is both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from classifier.artefact import Thresholds, TrainedClass
from classifier.attributes import KINDS, OTHER
from classifier.fuse import Verdict
from classifier.photo_temperature import PIXEL_LIMITS, car_pixels, pixel_group
from classifier.preprocess import FloatArray, Photo
from classifier.recognition import Recognition
from classifier.taxonomy import summarise
from classifier.training.calibration import coverage_at_error, ece, ece_by_chance
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.look_alike_figures import in_group, look_alikes_summarise
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.evaluation.trained_names import CarKey, TrainedNames, key_by_letters
from classifier.training.evaluation.view_and_body import view_and_body_summarise, views_summarise
from classifier.training.progress import Progress

UNREADABLE = "unreadable"
MIN_LISTING_PHOTOS = 2


class RecogniserLike(Protocol):
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


def evaluate(
    *,
    rows: Sequence[ManifestRow],
    recogniser: RecogniserLike,
    progress: Progress,
    key: CarKey = key_by_letters,
    classes: Sequence[TrainedClass] | None = None,
) -> dict[str, Any]:
    """The figures of `photos_score` and `scores_summarise`, fit for JSON."""
    scored = photos_score(rows=rows, recogniser=recogniser, progress=progress, key=key, classes=classes)
    return scores_summarise(scored=scored, recogniser=recogniser, key=key)


def photos_score(
    *,
    rows: Sequence[ManifestRow],
    recogniser: RecogniserLike,
    progress: Progress,
    key: CarKey = key_by_letters,
    classes: Sequence[TrainedClass] | None = None,
    answers: Iterable[Recognition] | None = None,
) -> list[ScoredPhoto]:
    """Look at every photo as the site would, and compare with its label; in the order of `rows`.

    answers: what the recogniser says of the rows, in their order; None: it looks at them.

    classes: the recogniser's under the names by which a site adds them up, in its order: candidates
    and their confidence are the site's then. Which trained class is right stays a matter of the
    recogniser's own names.
    """
    names = TrainedNames(recogniser.classes, key)
    together = _listing_vehicles(rows, names)
    stream = recogniser.stream(row.path for row in rows) if answers is None else answers
    scored = []
    for row, said in zip(progress.track(rows, total=len(rows), what="Looking at photos"), stream, strict=True):
        if classes is not None and said.log_probs is not None:
            make, candidates = summarise(np.exp(said.log_probs), classes)
            said = replace(said, make=make, candidates=tuple(candidates))  # noqa: PLW2901
        one = _score(row, said, names)
        if row.vehicle not in together:
            one = replace(one, recognition=replace(said, log_probs=None))
        scored.append(one)
    return scored


def _listing_vehicles(rows: Sequence[ManifestRow], names: TrainedNames) -> set[str]:
    counted = Counter(row.vehicle for row in rows if row.exterior and row.make and names.make_known(row.make))
    return {vehicle for vehicle, photos in counted.items() if photos >= MIN_LISTING_PHOTOS}


def _score(row: ManifestRow, said: Recognition, names: TrainedNames) -> ScoredPhoto:
    labelled = row.exterior and bool(row.make)
    of_model = names.of_model(row.make, row.model) if labelled else []
    one = ScoredPhoto(row, said, known=bool(of_model), make_known=labelled and names.make_known(row.make))
    if not labelled:
        return one
    fitting = names.fitting(row.make, row.model, row.year)
    truth = (*fitting, *of_model, -1)[0]
    if said.log_probs is None:
        return replace(one, truth=truth)
    model_right = _model_right(row, said, names)
    order = best_first(np.where(names.rests, -np.inf, said.log_probs))  # as the site, which names none of them
    predicted = order[0]
    return replace(
        one,
        truth=predicted if predicted in fitting else truth,
        predicted=predicted,
        top1=predicted in fitting,
        top5=any(index in fitting for index in order),
        make_right=said.make is not None and names.same_make(said.make.name, row.make),
        model_right=model_right,
        group_right=model_right or in_group((row.make, row.model), said.candidates[0], names),
    )


def best_first(log_probs: FloatArray, most: int = 5) -> list[int]:
    """Indices of the likeliest classes; the earlier one first where two are equal."""
    return [int(index) for index in np.argsort(-log_probs, kind="stable")[:most]]


def _model_right(row: ManifestRow, said: Recognition | Verdict, names: TrainedNames) -> bool:
    if not said.candidates or not names.of_model(row.make, row.model):
        return False
    best = said.candidates[0]
    return names.same_model((best.make, best.model), (row.make, row.model))


def scores_summarise(
    *, scored: Sequence[ScoredPhoto], recogniser: RecogniserLike, key: CarKey = key_by_letters
) -> dict[str, Any]:
    """All figures; shares lie in 0…1 and are None where there is no photo to take them of.

    - photos: exterior photos (kind "exterior" or not said) with a make. known: those whose model
      the artefact knows.
    - top1, top5: the trained class is right: make and model, and the year where class and label
      both name one. A label without year is right at any year of its model; a known model of a year
      that no class has is never right.
    - make_top1, model_top1: probabilities summed over models and years first. These four and
      macro_f1 (mean F1 of the classes that occur) are shares of *known*, in which a photo that was
      answered no_vehicle, not_usable or unreadable counts as wrong.
    - ece: of the top candidate's confidence, over known photos with an answer. ece_by_chance: what
      honest confidences would show on these. ece_with_unknown, ece_with_unknown_by_chance: the same
      over all answered photos, as a site sees them, whose models may be unknown and are wrong then.
      Confidence leaves room for the rest of a make, so where many are unknown the answers to the
      known are right more often than it says.
    - coverage_at_3pct_error: share of known photos, unanswered ones included, that can be answered
      with at most TARGET_ERROR wrong models.
    - model_or_group: as model_top1; of look-alikes (see taxonomy) any name of the group is right.
    - filled_in: share of all photos, known or not, whose model lies above the threshold;
      make_filled_in: the same of makes, by the threshold alone.
      filled_in_wrong: of those, the share that is wrong.
    - usable: over photos labelled exterior, interior, detail or other ("damage" may be any);
      confusion[label][answer] counts. exterior_vs_interior leaves the noisy label "detail" and
      photos of no car out. Of photos without a car, no_car_said is the share that was called other
      or no_vehicle, no_car_recognised that of which a make was said; cars_called_none: of the
      others, the share that was called other.
    - listings: cars with at least two known photos: fused verdict, beside the shares of their
      single photos. listings_of_known_makes: the same for the make, where only that must be known.
    - view, body: see view_and_body_summarise. views: see views_summarise.
    - unknown: photos of models the artefact does not know; above_threshold is the share that a form
      would have filled in all the same.
    - look_alikes: photos whose answer is a group of them, see look_alikes_summarise.
    - answers: known photos by status. sources: the main figures per manifest.
    """
    labelled = [one for one in scored if one.labelled]
    thresholds = recogniser.thresholds
    threshold = thresholds.model
    names = TrainedNames(recogniser.classes, key)
    return {
        **_figures(labelled, thresholds),
        "usable": _usable(scored),
        **view_and_body_summarise(scored, body_threshold=recogniser.body_threshold),
        "views": views_summarise(labelled),
        "listings": _listings([one for one in labelled if one.known], recogniser, names),
        "listings_of_known_makes": _listings(
            [one for one in labelled if one.make_known], recogniser, names, models=False
        ),
        "unknown": _unknown([one for one in labelled if not one.known], threshold),
        "look_alikes": look_alikes_summarise(labelled),
        "answers": dict(sorted(Counter(one.recognition.status for one in labelled if one.known).items())),
        "pixels": _by_pixels(labelled, thresholds),
        "sources": {
            source: _figures([one for one in labelled if one.row.source == source], thresholds)
            for source in sorted({one.row.source for one in labelled})
        },
    }


def _figures(labelled: Sequence[ScoredPhoto], thresholds: Thresholds) -> dict[str, Any]:
    known = [one for one in labelled if one.known]
    filled = [one for one in labelled if one.filled_in(thresholds.model)]
    sure = [one for one in labelled if one.make_confidence >= thresholds.make]
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
        "model_or_group": _share(one.group_right for one in known),
        "macro_f1": _macro_f1(known),
        "ece": ece(confidences, [one.model_right for one in answered]) if answered else None,
        "ece_by_chance": ece_by_chance(confidences) if answered else None,
        "ece_with_unknown": ece(confidences_of_all, [one.model_right for one in said]) if said else None,
        "ece_with_unknown_by_chance": ece_by_chance(confidences_of_all) if said else None,
        "coverage_at_3pct_error": (
            coverage_at_error([one.confidence for one in known], [one.model_right for one in known]) if known else None
        ),
        "filled_in": _share(one.filled_in(thresholds.model) for one in labelled),
        "filled_in_wrong": _share(not one.model_right for one in filled),
        "make_filled_in": len(sure) / len(labelled) if labelled else None,
        "make_filled_in_wrong": _share(not one.make_right for one in sure),
    }


def _by_pixels(labelled: Sequence[ScoredPhoto], thresholds: Thresholds) -> dict[str, Any]:
    """Figures by the longer side of the car in the photo, "<32", "32-47" … "160-"."""
    groups: dict[int, list[ScoredPhoto]] = defaultdict(list)
    for one in labelled:
        said = one.recognition
        if said.status == "ok":
            groups[pixel_group(car_pixels(said.box, said.image_size))].append(one)
    ends = (0, *PIXEL_LIMITS)
    names = [f"<{PIXEL_LIMITS[0]}", *(f"{low}-{high - 1}" for low, high in pairwise(ends[1:])), f"{ends[-1]}-"]
    wanted = ("photos", "known", "make_top1", "model_top1", "filled_in", "filled_in_wrong")
    figures = {names[group]: _figures(some, thresholds) for group, some in sorted(groups.items())}
    return {name: {key: one[key] for key in wanted} for name, one in figures.items()}


def _unknown(unknown: Sequence[ScoredPhoto], threshold: float) -> dict[str, Any]:
    return {
        "photos": len(unknown),
        "above_threshold": _share(one.filled_in(threshold) for one in unknown),
        "make_known": sum(one.make_known for one in unknown),
        "make_top1": _share(one.make_right for one in unknown if one.make_known),
    }


def per_class(scored: Sequence[ScoredPhoto]) -> dict[int, dict[str, float]]:
    """Index of each class that occurs → precision, recall, f1, support over known photos."""
    known = [one for one in scored if one.known]
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


def _macro_f1(known: Sequence[ScoredPhoto]) -> float | None:
    classes = per_class(known)
    return float(np.mean([one["f1"] for one in classes.values()])) if classes else None


def _usable(scored: Sequence[ScoredPhoto]) -> dict[str, Any]:
    confusion = {label: dict.fromkeys((*KINDS, UNREADABLE), 0) for label in KINDS}
    for one in scored:
        if one.row.kind in KINDS:
            confusion[one.row.kind][one.recognition.kind or UNREADABLE] += 1
    total = sum(sum(said.values()) for said in confusion.values())
    outside, inside = confusion["exterior"], confusion["interior"]
    two = sum(outside.values()) + sum(inside.values())
    rightly = outside["exterior"] + inside["interior"] + inside["detail"]
    said = [(one.row.kind, one.recognition) for one in scored if one.row.kind in KINDS]
    none = [answer for kind, answer in said if kind == OTHER]
    return {
        "accuracy": sum(confusion[label][label] for label in KINDS) / total if total else None,
        "confusion": confusion,
        "exterior_vs_interior": rightly / two if two else None,
        "photos": total,
        "no_car_said": _share(one.kind == OTHER or one.status == "no_vehicle" for one in none),
        "no_car_recognised": _share(one.status == "ok" for one in none),
        "cars_called_none": _share(one.kind == OTHER for kind, one in said if kind != OTHER),
    }


def _listings(
    photos: Sequence[ScoredPhoto], recogniser: RecogniserLike, names: TrainedNames, *, models: bool = True
) -> dict[str, Any]:
    cars: dict[str, list[ScoredPhoto]] = defaultdict(list)
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
