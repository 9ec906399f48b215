"""What single photos tell of a model beyond the figures of `evaluate`.

That is: curves, confusions, and which photos to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from classifier.artefact import Thresholds, TrainedClass
from classifier.training.calibration import coverage_curve, reliability
from classifier.training.evaluation.confusion import (
    Confusion,
    Merge,
    Pair,
    class_name,
    confusion_of,
    merges_of,
    pairs_of,
)
from classifier.training.evaluation.evaluate import per_class
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.evaluation.trained_names import CarKey, key_by_letters
from classifier.training.report.threshold_sweep import ThresholdSweep, threshold_sweep

MAKES_SHOWN = 40
CLASSES_SHOWN = 24
PAIRS_SHOWN = 12
PHOTOS_SHOWN = 24
"""In a random sample, and of the most confident mistakes."""


class Model(Protocol):
    """What is needed of a Recogniser, or of an artefact's spec."""

    @property
    def classes(self) -> tuple[TrainedClass, ...]:
        """The classes that it tells apart, in the order of the indices in ScoredPhoto."""
        ...

    @property
    def thresholds(self) -> Thresholds:
        """From which confidence a form fills itself."""
        ...


@dataclass(frozen=True)
class Mark:
    """A threshold, and what comes of answering from it on."""

    confidence: float
    coverage: float
    """Share of known photos at or above it."""
    error: float | None
    """Of those, the share that is wrong; None if there are none."""


@dataclass(frozen=True)
class Coverage:
    """How much can be answered at which error, for the model or the make."""

    curve: list[tuple[float, float, float]]
    """As calibration.coverage_curve gives it."""
    mark: Mark | None


@dataclass(frozen=True)
class Findings:
    """What labelled photos tell of one model."""

    scored: Sequence[ScoredPhoto]
    classes: Sequence[TrainedClass]
    reliability: list[tuple[float, float, int]]
    coverage: dict[str, Coverage]
    """"model" and "make"."""
    makes: Confusion
    confused: Confusion
    """Of the classes that are confused the most."""
    pairs: list[Pair]
    """All of them, the worst first."""
    merges: list[Merge]
    top1: float | None
    top1_merged: float | None
    """Were the merges made: a mistake between merged classes is none."""
    sample: list[ScoredPhoto]
    """Drawn at random, the same ones for the same photos."""
    mistakes: list[ScoredPhoto]
    """The most confident first."""
    mistakes_left_out: int
    sweep: ThresholdSweep | None
    """What a form would fill in at other thresholds; None where no photo has a label."""
    per_class: list[dict[str, Any]] = field(default_factory=list)
    """Per class that occurs: class, precision, recall, f1, support; the weakest first."""

    def pairs_said(self, most: int = 10) -> list[dict[str, Any]]:
        """The worst pairs as plain values."""
        return [
            {
                "one": class_name(self.classes[pair.one]), "other": class_name(self.classes[pair.other]),
                "photos": list(pair.photos), "mistaken": list(pair.mistaken), "share": round(pair.share, 4),
            }
            for pair in self.pairs[:most]
        ]  # fmt: skip


def findings_of(
    *, scored: Sequence[ScoredPhoto], model: Model, key: CarKey = key_by_letters, seed: int = 0
) -> Findings:
    """Everything that a report shows of these photos.

    key: as in evaluate.photos_score, from which `scored` came.
    """
    classes = model.classes
    labelled = [one for one in scored if one.labelled]
    known = [one for one in labelled if one.known]
    answered = [one for one in known if one.recognition.candidates]
    pairs = pairs_of(known)
    merges = merges_of(pairs, classes)
    merged = {frozenset((merge.pair.one, merge.pair.other)) for merge in merges}
    merged_right = sum(one.top1 or frozenset((one.truth, one.predicted)) in merged for one in known)
    confused = {at for pair in pairs[:CLASSES_SHOWN] for at in (pair.one, pair.other)}
    wrong = sorted((one for one in labelled if _mistaken(one)), key=lambda one: (-one.confidence, one.row.file))
    names = [class_name(one) for one in classes]
    return Findings(
        scored=scored,
        classes=classes,
        reliability=reliability([one.confidence for one in answered], [one.model_right for one in answered]),
        coverage={
            "model": _coverage([(one.confidence, one.model_right) for one in known], model.thresholds.model),
            "make": _coverage([(_make_confidence(one), one.make_right) for one in known], model.thresholds.make),
        },
        makes=confusion_of(_makes(labelled, classes, key), most=MAKES_SHOWN),
        confused=confusion_of(
            (
                (names[one.truth], names[one.predicted] if one.predicted >= 0 else "")
                for one in known
                if one.truth in confused
            ),
            most=CLASSES_SHOWN,
        ),
        pairs=pairs,
        merges=merges,
        top1=sum(one.top1 for one in known) / len(known) if known else None,
        top1_merged=merged_right / len(known) if known else None,
        sample=_sample(labelled, seed),
        mistakes=wrong[:PHOTOS_SHOWN],
        mistakes_left_out=max(0, len(wrong) - PHOTOS_SHOWN),
        sweep=threshold_sweep(labelled, model.thresholds),
        per_class=sorted(
            ({"class": names[at], **figures} for at, figures in per_class(known).items()),
            key=lambda one: (one["f1"], -one["support"]),
        ),
    )


def _mistaken(one: ScoredPhoto) -> bool:
    """Whether an answer was given that is wrong.

    Where the label names no model, only another make is wrong.
    """
    if not one.recognition.candidates:
        return False
    return not (one.model_right if one.row.model else one.make_right)


def _make_confidence(one: ScoredPhoto) -> float:
    return one.recognition.make.confidence if one.recognition.make else 0.0


def _coverage(answers: Sequence[tuple[float, bool]], threshold: float) -> Coverage:
    if not answers:
        return Coverage([], None)
    confidence, right = zip(*answers, strict=True)
    above = [good for stated, good in answers if stated >= threshold]
    mark = Mark(threshold, len(above) / len(answers), 1 - sum(above) / len(above) if above else None)
    return Coverage(coverage_curve(confidence, right), mark if threshold <= 1 else None)


def _makes(labelled: Sequence[ScoredPhoto], classes: Sequence[TrainedClass], key: CarKey) -> list[tuple[str, str]]:
    """(label, answer) of photos of makes that the model knows.

    Each make goes by the name that its first class has.
    """
    shown: dict[str, str] = {}
    for trained in classes:
        shown.setdefault(key(trained.make, "")[0], trained.make)
    found = []
    for one in labelled:
        if one.make_known:
            said = one.recognition.make
            answer = shown.get(key(said.name, "")[0], said.name) if said else ""
            found.append((shown[key(one.row.make, "")[0]], answer))
    return found


def _sample(labelled: Sequence[ScoredPhoto], seed: int) -> list[ScoredPhoto]:
    drawn = np.random.default_rng(seed).permutation(len(labelled))[:PHOTOS_SHOWN]
    return [labelled[at] for at in drawn]
