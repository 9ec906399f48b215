"""Which of the trained classes is the car on a crop?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.fuse import log_softmax
from classifier.preprocess import Box, Decoded, FloatArray, crop_car, to_input


class MakeModelClassifier:
    """Calibrated log-probabilities over an artefact's trained classes."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self._spec = spec
        self.input_size = spec.preprocessing.input_size

    def prepare(self, decoded: Decoded, box: Box | None) -> FloatArray:
        """Cut the car out by the artefact's own crop rule, as input; box in pixels of the full photo."""
        return to_input(crop_car(decoded, box, self._spec.preprocessing.crop), self._spec.preprocessing)

    def log_probs(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        """Per prepared crop an array of shape (classes,), float32, temperature applied."""
        if not inputs:
            return []
        return list(log_softmax(self._engine.infer(np.stack(inputs)) / self._spec.temperature))
