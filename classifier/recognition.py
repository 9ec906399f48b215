"""Raw results for one photo (Sight), and their interpretation by an artefact (Recognition)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from classifier.artefact import NEVER, ArtefactSpec, Thresholds, TrainedClass
from classifier.body_type import bodies_of
from classifier.classify import calibrated
from classifier.fuse import Verdict, guesses_fuse, verdict_from
from classifier.photo_temperature import photo_temperatures
from classifier.preprocess import Box, FloatArray
from classifier.taxonomy import Candidate, Guess, summarise

Status = Literal["ok", "no_vehicle", "not_usable", "unreadable"]


@dataclass(frozen=True)
class Recognition:
    """The classifier's result for one photo."""

    status: Status
    """ok; no_vehicle: an exterior photo on which no vehicle was found; not_usable: an interior, a
    detail, or a photo that shows no car at all (kind "other"); unreadable: `error` says why."""
    kind: str = ""
    """One of attributes.KINDS; "" if unreadable."""
    box: Box | None = None
    """The largest vehicle's, in pixels of the full upright photo; only of an exterior photo."""
    image_size: tuple[int, int] = (0, 0)
    """Width and height of the full upright photo."""
    make: Guess | None = None
    candidates: tuple[Candidate, ...] = ()
    view: Guess | None = None
    """The side of the car that the photo shows, one of attributes.VIEWS; only if ok."""
    bodies: tuple[Guess, ...] = ()
    """Every body type with its probability, likeliest first, summing to 1; only if ok."""
    colours: tuple[Guess, ...] = ()
    """Every colour of paint, as bodies; () without a colour classifier."""
    cars: int | None = None
    """How many cars an exterior photo shows prominently, see detect.cars_shown; None: unknown."""
    boxes: tuple[Box, ...] = ()
    """Those of these cars, the main one's first; see detect.prominent."""
    log_probs: FloatArray | None = field(default=None, compare=False, repr=False)
    """Shape (classes,), float32, calibrated, in the class order of the artefact; only if ok."""
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)
    """decode, detect, usable, classify, total: this photo's share of its batch."""
    error: str = ""


@dataclass(frozen=True)
class Sight:
    """One photo's box, attributes and network output, before these are turned into names."""

    status: Status
    kind: str = ""
    box: Box | None = None
    image_size: tuple[int, int] = (0, 0)
    view: Guess | None = None
    bodies: tuple[Guess, ...] = ()
    """By the photo attributes alone; the likely classes count later."""
    colours: tuple[Guess, ...] = ()
    cars: int | None = None
    boxes: tuple[Box, ...] = ()
    outputs: FloatArray | None = field(default=None, compare=False, repr=False)
    """The network's output, (D,), float32: logits, or its last layer's input; only if ok."""
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)
    error: str = ""


class Interpreter:
    """Turns sights into recognitions, and recognitions into verdicts."""

    def __init__(self, spec: ArtefactSpec, *, body_threshold: float, colour_threshold: float = NEVER) -> None:
        """spec: the classifier's. body_threshold: used if the classifier tells no bodies."""
        self._spec = spec
        self.classes: tuple[TrainedClass, ...] = spec.classes
        """In the network's order; equal names are summed up. May be replaced by other names."""
        self.thresholds: Thresholds = spec.thresholds
        self.body_threshold: float = spec.thresholds.body if spec.class_bodies else body_threshold
        """Confidence from which a form may fill in the body; NEVER if nothing tells bodies."""
        self.colour_threshold = colour_threshold
        """As body_threshold, for the colour."""
        self.fusion_alpha: float = spec.fusion_alpha

    def interpret(self, sights: Sequence[Sight]) -> list[Recognition]:
        """In the order of the sights, whose outputs must be this classifier's logits."""
        seen = [one for one in sights if one.outputs is not None]
        log_probs: Iterator[FloatArray] = iter(())
        if seen:
            looks = [(one.box, one.image_size, one.view.name if one.view else "") for one in seen]
            logits = np.stack([one.outputs for one in seen if one.outputs is not None])
            spec = self._spec
            of_photos = photo_temperatures(looks, by_pixels=spec.pixel_temperatures, by_view=spec.view_temperatures)
            log_probs = iter(calibrated(logits, spec, of_photos))
        return [self._recognition(one, None if one.outputs is None else next(log_probs)) for one in sights]

    def verdict(self, recognitions: Sequence[Recognition]) -> Verdict | None:
        """The verdict over the usable photos of one car; None if there is none."""
        usable = [one.log_probs for one in recognitions if one.log_probs is not None]
        verdict = verdict_from(usable, self.classes, alpha=self.fusion_alpha)
        return verdict and replace(verdict, colours=guesses_fuse([one.colours for one in recognitions]))

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
            colours=sight.colours,
            cars=sight.cars,
            boxes=sight.boxes,
            log_probs=log_probs,
            timings_ms=sight.timings_ms,
            error=sight.error,
        )
