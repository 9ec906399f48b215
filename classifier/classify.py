"""Which of the trained classes is the car on a crop?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.fuse import log_softmax
from classifier.preprocess import Box, Decoded, FloatArray, crop_car, to_input


def sharpened(logits: FloatArray, temperatures: Sequence[float]) -> FloatArray:
    """Logits (N, C), each photo's multiplied by the mean of 1 / temperature over the classes that it may be.

    Classes weigh as likely as the photo looks like them, so photos of a group of cars that the network overrates are
    taken back without those of another that it underrates. It changes no photo's order of classes. Without
    temperatures the logits stay as they are.
    """
    if not len(temperatures):
        return logits
    inverse = 1 / np.asarray(temperatures, dtype=np.float64)
    sharp: FloatArray = (logits * (np.exp(log_softmax(logits)) @ inverse)[..., None]).astype(np.float32)
    return sharp


def calibrated(logits: FloatArray, spec: ArtefactSpec) -> FloatArray:
    """Log-probabilities (N, C), float32, of a network's logits (N, C), by its artefact's temperatures."""
    return log_softmax(sharpened(logits, spec.class_temperatures) / spec.temperature)


class MakeModelClassifier:
    """Says of crops which of an artefact's trained classes they show."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self._spec = spec
        self.input_size = spec.preprocessing.input_size

    def prepare(self, decoded: Decoded, box: Box | None) -> FloatArray:
        """Cut the car out by the artefact's own crop rule, as input; box in pixels of the full photo."""
        return to_input(crop_car(decoded, box, self._spec.preprocessing.crop), self._spec.preprocessing)

    def outputs(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """What the network says of prepared crops, one or more: (N, classes), nothing calibrated."""
        return self._engine.infer(np.stack(inputs), mirrored=self._spec.mirrored)

    def log_probs(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        """Per prepared crop an array of shape (classes,), float32, calibrated."""
        return list(calibrated(self.outputs(inputs), self._spec)) if inputs else []
