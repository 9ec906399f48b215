"""What is seen on a photo (Sight), and what an artefact's classes and calibration make of it (Recognition)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from classifier.artefact import ArtefactSpec, Thresholds, TrainedClass
from classifier.body_type import bodies_of
from classifier.classify import calibrated
from classifier.fuse import Verdict, verdict_from
from classifier.preprocess import Box, FloatArray
from classifier.taxonomy import Candidate, Guess, summarise

Status = Literal["ok", "no_vehicle", "not_usable", "unreadable"]


@dataclass(frozen=True)
class Recognition:
    """What the classifier says of one photo."""

    status: Status
    """ok; no_vehicle: looks like an exterior photo, but no vehicle was found; not_usable: an interior or a detail;
    unreadable: `error` says why."""
    kind: str = ""
    """exterior, interior, detail; "" if unreadable."""
    box: Box | None = None
    """The largest vehicle's, in pixels of the full upright photo; only of an exterior photo."""
    image_size: tuple[int, int] = (0, 0)
    """Width and height of the full upright photo."""
    make: Guess | None = None
    candidates: tuple[Candidate, ...] = ()
    view: Guess | None = None
    """The side that the car shows, one of usable.VIEWS; only if ok."""
    bodies: tuple[Guess, ...] = ()
    """Every body type with its probability, likeliest first, summing to 1; only if ok."""
    log_probs: FloatArray | None = field(default=None, compare=False, repr=False)
    """Shape (classes,), float32, calibrated, in the class order of the artefact; only if ok."""
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)
    """decode, detect, usable, classify, total: this photo's share where photos went through together."""
    error: str = ""


@dataclass(frozen=True)
class Sight:
    """One photo with its car found, judged and put through the network; still without a word on the model."""

    status: Status
    kind: str = ""
    box: Box | None = None
    image_size: tuple[int, int] = (0, 0)
    view: Guess | None = None
    bodies: tuple[Guess, ...] = ()
    """By the whole photo alone; the likely classes have a say later."""
    outputs: FloatArray | None = field(default=None, compare=False, repr=False)
    """What the network says, (D,), float32: its logits, or what its last layer would get; only if ok."""
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)
    error: str = ""


class Interpreter:
    """Makes recognitions of sights, and verdicts of recognitions."""

    def __init__(self, spec: ArtefactSpec, *, body_threshold: float) -> None:
        """spec: of the classifier. body_threshold: the judge's, for a classifier that says nothing of bodies."""
        self._spec = spec
        self.classes: tuple[TrainedClass, ...] = spec.classes
        """In the network's order; answers are summed up by their names. May be set to the same under other names."""
        self.thresholds: Thresholds = spec.thresholds
        self.body_threshold: float = spec.thresholds.body if spec.class_bodies else body_threshold
        """From which confidence a form may fill the body in; above every confidence where nothing tells bodies."""
        self.fusion_alpha: float = spec.fusion_alpha

    def interpret(self, sights: Sequence[Sight]) -> list[Recognition]:
        """In their order; their outputs have to be the logits of this classifier."""
        logits = [one.outputs for one in sights if one.outputs is not None]
        log_probs = iter(calibrated(np.stack(logits), self._spec) if logits else ())
        return [self._recognition(one, None if one.outputs is None else next(log_probs)) for one in sights]

    def verdict(self, recognitions: Sequence[Recognition]) -> Verdict | None:
        """What the usable photos of one car say together; None if there is none."""
        usable = [one.log_probs for one in recognitions if one.log_probs is not None]
        return verdict_from(usable, self.classes, alpha=self.fusion_alpha)

    def _recognition(self, sight: Sight, log_probs: FloatArray | None) -> Recognition:
        make: Guess | None = None
        candidates: tuple[Candidate, ...] = ()
        bodies = sight.bodies
        if log_probs is not None:
            make, found = summarise(np.exp(log_probs), self.classes)
            candidates = tuple(found)
            if bodies and self._spec.class_bodies:
                spec = self._spec
                bodies = bodies_of(bodies, log_probs, spec.class_bodies, temperature=spec.body_temperature)
        return Recognition(
            sight.status,
            kind=sight.kind,
            box=sight.box,
            image_size=sight.image_size,
            make=make,
            candidates=candidates,
            view=sight.view,
            bodies=bodies,
            log_probs=log_probs,
            timings_ms=sight.timings_ms,
            error=sight.error,
        )
