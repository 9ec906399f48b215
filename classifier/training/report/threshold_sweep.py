"""What a form would fill in, and how much of it wrongly, from each confidence on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classifier.artefact import Thresholds
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.target_error import TARGET_ERROR

STEPS = (*(round(0.30 + 0.05 * at, 2) for at in range(13)), 0.93, 0.95, 0.97, 0.98, 0.99)
MAKES_SHOWN = 40
"""Those with the most photos."""
FEWEST_PHOTOS = 10
"""Of a make, for a row of its own: of fewer nothing can be said."""
Right = Callable[[ScoredPhoto], bool]
Filled = Callable[[ScoredPhoto, float], bool]


@dataclass(frozen=True)
class Step:
    """What comes of filling in from one confidence on, over all labelled photos, known or not."""

    confidence: float
    photos: int
    fills: int
    wrong: int

    @property
    def filled_in(self) -> float:
        """Share of the photos whose field is filled in."""
        return self.fills / self.photos

    @property
    def error(self) -> float | None:
        """Share of these that is wrong; None if there are none."""
        return self.wrong / self.fills if self.fills else None


@dataclass(frozen=True)
class MakeSweep:
    """Photos answered with one make: what they get today, and what would keep the promise."""

    make: str
    today: Step
    lowest: Step | None
    """The lowest confidence in STEPS from which no more than the target error is wrong."""


@dataclass(frozen=True)
class ThresholdSweep:
    """The steps for "model" and "make", and the makes one by one."""

    steps: dict[str, list[Step]]
    thresholds: dict[str, float]
    """Those in use; above 1 where nothing is filled in."""
    makes: list[MakeSweep]


def threshold_sweep(scored: Sequence[ScoredPhoto], thresholds: Thresholds) -> ThresholdSweep | None:
    """None where no photo has a label. A photo of an unknown model that is filled in is wrong."""
    labelled = [one for one in scored if one.labelled]
    modelled = [one for one in labelled if one.row.model]
    if not labelled:
        return None
    return ThresholdSweep(
        steps={
            "model": _steps(modelled, _model_filled, _model_right),
            "make": _steps(labelled, _make_filled, _make_right),
        },
        thresholds={"model": thresholds.model, "make": thresholds.make},
        makes=_by_make(labelled, thresholds.make),
    )


def _model_filled(one: ScoredPhoto, threshold: float) -> bool:
    return one.filled_in(threshold)


def _model_right(one: ScoredPhoto) -> bool:
    return one.model_right


def _make_filled(one: ScoredPhoto, threshold: float) -> bool:
    return one.make_confidence >= threshold


def _make_right(one: ScoredPhoto) -> bool:
    return one.make_right


def _step(photos: Sequence[ScoredPhoto], confidence: float, filled: Filled, right: Right) -> Step:
    chosen = [one for one in photos if filled(one, confidence)]
    return Step(confidence, len(photos), len(chosen), sum(not right(one) for one in chosen))


def _steps(photos: Sequence[ScoredPhoto], filled: Filled, right: Right) -> list[Step]:
    return [_step(photos, one, filled, right) for one in STEPS] if photos else []


def _by_make(labelled: Sequence[ScoredPhoto], threshold: float) -> list[MakeSweep]:
    """By the make that is answered: that is what a threshold of its own would apply to."""
    answered: dict[str, list[ScoredPhoto]] = defaultdict(list)
    for one in labelled:
        if one.recognition.make:
            answered[one.recognition.make.name].append(one)
    often = Counter({make: len(photos) for make, photos in answered.items() if len(photos) >= FEWEST_PHOTOS})
    return [_make_sweep(make, answered[make], threshold) for make, _ in often.most_common(MAKES_SHOWN)]


def _make_sweep(make: str, photos: Sequence[ScoredPhoto], threshold: float) -> MakeSweep:
    steps = _steps(photos, _make_filled, _make_right)
    kept = [step for step in steps if step.fills and step.wrong <= TARGET_ERROR * step.fills]
    return MakeSweep(make, _step(photos, threshold, _make_filled, _make_right), kept[0] if kept else None)
