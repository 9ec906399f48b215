"""Is a photo of use for recognising the car? Whole photo → exterior, interior or detail.

A detector alone cannot tell: YOLO11n finds a large car in 34 % of interiors and 60 % of detail shots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from classifier.artefact import ArtefactSpec
from classifier.engines import Engine
from classifier.fuse import log_softmax
from classifier.preprocess import FloatArray, to_input

EXTERIOR = "exterior"


class UsableJudge:
    """The kind of each photo of a batch."""

    def __init__(self, engine: Engine, spec: ArtefactSpec) -> None:
        self._engine = engine
        self._spec = spec
        self.input_size = spec.preprocessing.input_size

    def prepare(self, image: Image.Image) -> FloatArray:
        """A whole upright photo as input."""
        return to_input(image, self._spec.preprocessing)

    def kinds(self, inputs: Sequence[FloatArray]) -> list[tuple[str, float]]:
        """Per prepared photo its kind and the calibrated probability of it."""
        if not inputs:
            return []
        probs = np.exp(log_softmax(self._engine.infer(np.stack(inputs)) / self._spec.temperature))
        return [(self._spec.labels[int(row.argmax())], float(row.max())) for row in probs]
