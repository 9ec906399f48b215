"""The make/model classifier: which trained class does a crop show?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.fuse import log_softmax
from classifier.preprocess import Box, Decoded, FloatArray, crop_car, to_input


def sharpened(logits: FloatArray, temperatures: Sequence[float]) -> FloatArray:
    """Logits (N, C) after calibration per class; no photo's order of classes changes.

    Each photo's logits are multiplied by the mean of 1 / temperature over the classes, weighted by
    their probabilities. This lowers the confidence for groups of cars that the network overrates
    and leaves the others alone. Without temperatures the logits stay as they are.
    """
    if not len(temperatures):
        return logits
    inverse = 1 / np.asarray(temperatures, dtype=np.float64)
    sharp: FloatArray = (logits * (np.exp(log_softmax(logits)) @ inverse)[..., None]).astype(np.float32)
    return sharp


def calibrated(logits: FloatArray, spec: ArtefactSpec, of_photos: FloatArray | None = None) -> FloatArray:
    """Logits (N, C) → log-probabilities (N, C), float32, by the artefact's temperatures.

    of_photos: (N,), see photo_temperature; None: all alike.
    """
    sharp = sharpened(logits, spec.class_temperatures) / spec.temperature
    return log_softmax(sharp if of_photos is None else sharp / of_photos[:, None])


class MakeModelClassifier:
    """Classifies crops into an artefact's trained classes."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self._spec = spec
        self.input_size = spec.preprocessing.input_size

    def prepare(self, decoded: Decoded, box: Box | None) -> FloatArray:
        """The car as input, by the artefact's crop rule; box in pixels of the full photo."""
        return to_input(crop_car(decoded, box, self._spec.preprocessing.crop), self._spec.preprocessing)

    def outputs(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """The network's output for one or more prepared crops: (N, classes), not calibrated."""
        return self._engine.infer(np.stack(inputs), mirrored=self._spec.mirrored)

    def log_probs(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        """Per prepared crop an array of shape (classes,), float32, calibrated."""
        return list(calibrated(self.outputs(inputs), self._spec)) if inputs else []
