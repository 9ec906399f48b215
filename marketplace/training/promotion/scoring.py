"""One version's scores on test photos: its answers against the labels, by the catalogue's names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import TrainedClass
from classifier.recognition import Recognition
from classifier.training.calibration import coverage_at_error, ece, ece_by_chance
from classifier.training.data.cleaning.merges import Renamed, as_it_is
from classifier.training.data.labels import of_makes
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.split import split_of
from classifier.training.evaluation.evaluate import RecogniserLike, photos_score, scores_summarise
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.evaluation.trained_names import key_by_letters
from classifier.training.progress import Progress
from marketplace.photos.recognition.taxonomy import CatalogueNames, ResolvedCars, catalogue_classes
from marketplace.training.promotion.comparison import (
    Answers,
    class_changes,
    group_names,
    paired_coverage,
    paired_difference,
    paired_ece,
)
from marketplace.training.promotion.evidence import Needed, evidence_of
from marketplace.training.promotion.measurements import Calibration, Fills, NewCars, OldCars, Paired


@dataclass(frozen=True)
class VersionScores:
    """A version's answers to N test photos: arrays of shape (N,), in the rows' order."""

    top1: NDArray[np.bool_]
    """Whether make and model are right; a photo that the version could not use counts as wrong."""
    make: NDArray[np.bool_]
    """Whether the make is right."""
    confidence: NDArray[np.float64]
    """Of the likeliest make and model; 0 where there is none."""
    make_confidence: NDArray[np.float64]
    """Of the likeliest make; 0 where there is none."""
    evaluation: dict[str, Any]
    """What `evaluate` says of the version alone, over the classes that it knows."""
    filled: NDArray[np.bool_]
    """Whether a form would be filled in: the model, or else the make, above its threshold."""
    wrong: NDArray[np.bool_]
    """Whether it would be filled in, and wrongly."""
    photos: Sequence[ScoredPhoto] = ()
    """For the report, without probabilities: those of two versions would fill the memory."""
    of_makes: bool = False
    """Whether only the make can be right: the version names no models, or no label does."""

    def answers(self, *, by_make: bool) -> Answers:
        """The answers to compare: about the make, or about make and model."""
        return Answers(self.make, self.make_confidence) if by_make else Answers(self.top1, self.confidence)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Figures over all the photos, named as in `evaluate`; comparable between versions.

        Photos of models that the version does not know count as wrong, but not in calibration: how
        sure it is of them says `evaluate`. A figure is None where there was no photo to measure it
        on. For a version of makes only, top-1 is None, and
        calibration and coverage are those of its makes.
        """
        photos = len(self.top1)
        if not photos:
            nothing = ("top1", "make_top1", "ece", "ece_by_chance", "coverage_at_3pct_error")
            return {"photos": 0, **dict.fromkeys(nothing)}
        said = self.answers(by_make=self.of_makes)
        known = [one.make_known if self.of_makes else one.known for one in self.photos]
        answered = (said.confidence > 0) & np.asarray(known, dtype=bool)
        return {
            "photos": photos,
            "top1": None if self.of_makes else float(self.top1.mean()),
            "make_top1": float(self.make.mean()),
            "ece": float(ece(said.confidence[answered], said.right[answered])) if answered.any() else None,
            "ece_by_chance": ece_by_chance(said.confidence[answered]) if answered.any() else None,
            "coverage_at_3pct_error": float(coverage_at_error(said.confidence, said.right)),
        }


def rows_to_score(rows: Sequence[ManifestRow], *, makes_only: bool = False) -> list[ManifestRow]:
    """The exterior photos, labelled with make and model, of cars on the test side of the split.

    Photos without a model take part where models cannot be compared: with makes_only, which says
    that all versions name makes only, or if no label names a model. A car's side depends on its id
    alone, so no version was trained on these photos. Those that came under another id were left
    out when the rows were cleaned.
    """
    held = [row for row in rows if row.exterior and row.make and split_of(row) == "test"]
    named = [row for row in held if row.model]
    return held if makes_only or not named else named


def version_score(
    *, rows: Sequence[ManifestRow], recogniser: RecogniserLike, progress: Progress, merged: Renamed = as_it_is,
    answers: Iterable[Recognition] | None = None,
) -> VersionScores:  # fmt: skip
    """Let a version name the car of every row, and compare with the row's label.

    answers: what it says of the rows, in their order; None: it looks at them.

    merged: what the run's merge tables call a car. A version that knows the finer classes is right
    with any of them, and their confidences add up, as if its classes had been merged.
    """
    after = [TrainedClass(*merged(one.make, one.model), one.years) for one in recogniser.classes]
    names = CatalogueKeys(cars_named(rows, [*recogniser.classes, *after]), merged)
    classes = catalogue_classes(after)
    scored = photos_score(
        rows=rows, recogniser=recogniser, progress=progress, key=names, classes=classes, answers=answers
    )
    top1, make, confidence, make_confidence, named = [], [], [], [], []
    for row, recognition in ((one.row, one.recognition) for one in scored):
        best, best_make = (recognition.candidates[0] if recognition.candidates else None), recognition.make
        top1.append(best is not None and names(row.make, row.model) == names(best.make, best.model))
        make.append(best_make is not None and names(row.make, "")[0] == names(best_make.name, "")[0])
        confidence.append(best.confidence if best else 0.0)
        named.append(best is not None and bool(best.model))
        make_confidence.append(best_make.confidence if best_make else 0.0)
    right, makes = np.array(top1, dtype=bool), np.array(make, dtype=bool)
    sure, sure_of_make = np.array(confidence, dtype=np.float64), np.array(make_confidence, dtype=np.float64)
    model_filled = (sure >= recogniser.thresholds.model) & np.array(named, dtype=bool)
    make_filled = ~model_filled & (sure_of_make >= recogniser.thresholds.make)
    return VersionScores(
        top1=right,
        make=makes,
        confidence=sure,
        make_confidence=sure_of_make,
        evaluation=scores_summarise(scored=scored, recogniser=recogniser, key=names),
        filled=model_filled | make_filled,
        wrong=(model_filled & ~right) | (make_filled & ~makes),
        photos=[replace(one, recognition=replace(one.recognition, log_probs=None)) for one in scored],
        of_makes=of_makes(recogniser.classes) or not any(row.model for row in rows),
    )


def by_make(one: VersionScores, other: VersionScores) -> bool:
    """Whether two versions are compared by make: neither names models, or no label does."""
    return one.of_makes and other.of_makes


def paired(*, challenger: VersionScores, champion: VersionScores, needed: Needed, learned: int) -> Paired:
    """Compare both versions' answers to the same photos: those of cars that the champion knows.

    needed: see needed_by. learned: how many cars only the challenger knows.
    """
    rows = [one.row for one in champion.photos]
    names = CatalogueNames((row.make, row.model) for row in rows)
    makes_only = by_make(challenger, champion)
    is_old = np.asarray([one.make_known if makes_only else one.known for one in champion.photos], dtype=bool)
    is_new = ~is_old & np.asarray([one.known for one in challenger.photos], dtype=bool)
    old, new = np.flatnonzero(is_old), np.flatnonzero(is_new)
    seen = [rows[at] for at in old]
    known = np.flatnonzero(is_old | is_new)
    if champion.of_makes and not challenger.of_makes:
        learned = 0  # it knew all their models as their makes, so none of their photos is new
    return Paired(
        old=_old_cars(challenger, champion, old, seen, names, makes_only=makes_only) if seen else None,
        evidence=evidence_of(seen, names),
        lacking=needed.lacking(evidence_of(seen, names)),
        new=NewCars(
            learned=learned,
            evidence=evidence_of([rows[at] for at in new], names),
            right=float(challenger.answers(by_make=makes_only).right[new].mean()) if len(new) else None,
        ),
        fills=_fills(challenger, known),
        champion_fills=_fills(champion, old),
        by_make=makes_only,
    )


def _old_cars(
    challenger: VersionScores, champion: VersionScores, old: NDArray[np.intp], rows: Sequence[ManifestRow],
    names: CatalogueNames, *, makes_only: bool,
) -> OldCars:  # fmt: skip
    vehicles = [row.vehicle for row in rows]
    cars = [names(row.make, row.model) for row in rows]
    mine, its = (one.answers(by_make=makes_only).taken(old) for one in (challenger, champion))
    return OldCars(
        top1=paired_difference(challenger=mine.right, champion=its.right, vehicles=vehicles),
        make=paired_difference(challenger=challenger.make[old], champion=champion.make[old], vehicles=vehicles),
        coverage=paired_coverage(challenger=mine, champion=its, vehicles=vehicles),
        calibration=_calibration(mine, its, vehicles),
        classes=class_changes(
            cars=group_names([(make, "" if makes_only else model) for make, model in cars]),
            challenger=mine.right,
            champion=its.right,
        ),
        sources=class_changes(cars=[row.source for row in rows], challenger=mine.right, champion=its.right),
    )


def _calibration(mine: Answers, its: Answers, vehicles: Sequence[str]) -> Calibration | None:
    both = np.flatnonzero((mine.confidence > 0) & (its.confidence > 0))
    if not len(both):
        return None
    mine, its = mine.taken(both), its.taken(both)
    return Calibration(
        challenger=ece(mine.confidence, mine.right),
        champion=ece(its.confidence, its.right),
        by_chance=ece_by_chance(mine.confidence),
        difference=paired_ece(challenger=mine, champion=its, vehicles=[vehicles[int(at)] for at in both]),
    )


def _fills(scores: VersionScores, places: NDArray[np.intp]) -> Fills:
    return Fills(int(scores.filled[places].sum()), int(scores.wrong[places].sum()), len(places))


def cars_named(rows: Iterable[ManifestRow], classes: Iterable[TrainedClass]) -> list[tuple[str, str]]:
    """Every make and model, and every make alone, that rows or classes name."""
    cars = {(one.make, one.model) for some in (rows, classes) for one in some}
    return sorted(cars | {(make, "") for make, _ in cars})


class CatalogueKeys(ResolvedCars):
    """A trained_names.CarKey by the catalogue: all its names of a car have one key.

    Names that the catalogue does not know compare as key_by_letters compares them.
    """

    def __init__(self, cars: Iterable[tuple[str, str]] = (), merged: Renamed = as_it_is) -> None:
        """cars: see ResolvedCars. merged: renames a car before it is looked up."""
        super().__init__(cars)
        self._merged = merged

    def __call__(self, make: str, model: str) -> tuple[str, str]:
        make, model = self._merged(make, model)
        found, by_letters = self.of(make, model), key_by_letters(make, model)
        return (
            found.make.key if found.make else by_letters[0],
            f"#{found.car_model.pk}" if model and found.car_model else by_letters[1],
        )
