"""The colour of a car's paint.

Two looks at the car decide together. The first stages of a network that learned from ImageNet know
glass, tyres, chrome and ground from painted metal (engines.paint_network). The pixels' statistics
in CIE Lab say how bright and how coloured which part of the car is, and how bright the rest of the
photo is: white, silver, grey and black are one hue in different light. A small rule, trained on
photos whose colour people saw, weighs both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from safetensors.numpy import load_file

from classifier.artefact import Artefact, ArtefactError, ArtefactSpec, CropRule, Head, Preprocessing
from classifier.engines import Engine
from classifier.fuse import likeliest_first, log_softmax
from classifier.paint import RULE, paint_statistics
from classifier.preprocess import Box, Decoded, FloatArray, crop_car, to_input
from classifier.taxonomy import Guess

COLOURS = (
    "black", "white", "silver", "grey", "blue", "red", "green", "brown", "beige", "yellow", "orange", "purple",
)  # fmt: skip
"""Of paint. yellow: also gold; beige: also champagne and cream."""
COLOUR_HEAD = "colour"
EXACT = CropRule(margin=0.0)


@dataclass(frozen=True)
class Look:
    """A car as the colour classifier needs it."""

    pixels: FloatArray
    """(3, S, S), the network's input."""
    statistics: FloatArray
    """(D,), see paint.paint_statistics."""


def car_look(decoded: Decoded, box: Box, preprocessing: Preprocessing) -> Look:
    """box: the car's, in pixels of the full photo. preprocessing: the network's."""
    car = crop_car(decoded, box, EXACT)
    width, height = decoded.full_size
    place = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
    return Look(to_input(car, preprocessing), paint_statistics(car, decoded.image, place))


def looks_features(looks: Sequence[Look], engine: Engine) -> FloatArray:
    """(N, F): what the rule weighs, the statistics first. engine: runs the network."""
    seen = engine.infer(np.stack([look.pixels for look in looks]))
    return np.concatenate([np.stack([look.statistics for look in looks]), seen], axis=1)


class ColourClassifier:
    """Tells the colours of a batch of cars."""

    def __init__(self, engine: Engine, artefact: Artefact) -> None:
        self._engine = engine
        self._preprocessing = artefact.spec.preprocessing
        self._head = _head_of(artefact.spec)
        self._rule = Rule.of(artefact)
        self.threshold = self._head.threshold
        """Confidence from which a form may fill in the colour."""

    def prepare(self, decoded: Decoded, box: Box) -> Look:
        """box: the car's, in pixels of the full photo."""
        return car_look(decoded, box, self._preprocessing)

    def colours(self, looks: Sequence[Look]) -> list[tuple[Guess, ...]]:
        """Per car all colours with their calibrated probabilities, likeliest first."""
        if not looks:
            return []
        log_probs = log_softmax(self._rule(looks_features(looks, self._engine)) / self._head.temperature)
        return [likeliest_first(self._head.labels, row) for row in log_probs]


@dataclass(frozen=True)
class Rule:
    """Features → logits: one hidden layer."""

    hidden: FloatArray
    """(H, F)"""
    hidden_bias: FloatArray
    last: FloatArray
    """(colours, H)"""
    last_bias: FloatArray

    @classmethod
    def of(cls, artefact: Artefact) -> Rule:
        """The rule in an artefact's weights, read without torch. Raises ArtefactError."""
        tensors = load_file(artefact.weights_path)
        try:
            return cls(**{one.name: tensors[RULE + one.name].astype(np.float32) for one in fields(cls)})
        except KeyError as error:
            raise ArtefactError(f"{artefact.version} holds no {error.args[0]!r}: it is no colour artefact") from error

    def __call__(self, features: FloatArray) -> FloatArray:
        """(N, F) → (N, colours)."""
        hidden = np.maximum(features @ self.hidden.T + self.hidden_bias, 0)
        logits: FloatArray = hidden @ self.last.T + self.last_bias
        return logits


def colour_threshold_of(spec: ArtefactSpec) -> float:
    """Confidence from which a form may fill in the colour."""
    return _head_of(spec).threshold


def _head_of(spec: ArtefactSpec) -> Head:
    return next(head for head in spec.heads if head.name == COLOUR_HEAD)
