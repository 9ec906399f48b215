"""A car's body type, from two sources: the photo's attributes, and the usual bodies of the models
that the car may be. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classifier.fuse import likeliest_first, log_softmax
from classifier.preprocess import FloatArray
from classifier.taxonomy import Guess

LEAST = 1e-3
"""Neither source may rule a body out: some models have bodies that no training photo showed."""


def body_logits(seen: Sequence[Guess], log_probs: FloatArray, class_bodies: Sequence[str]) -> FloatArray:
    """The evidence of both sources for each body of `seen`, in its order: (bodies,).

    seen: what the photo shows. log_probs: (C,), calibrated. class_bodies: (C,), each class's usual
    body; classes whose body is unknown ("") count by what is seen.
    """
    seen_probs = np.asarray([guess.confidence for guess in seen], dtype=np.float64)
    probs = np.exp(log_probs.astype(np.float64))
    bodies = np.asarray(class_bodies)
    of_models = np.asarray([probs[bodies == guess.name].sum() for guess in seen])
    of_models += max(1 - of_models.sum(), 0.0) * seen_probs
    return np.asarray(np.log(np.maximum(seen_probs, LEAST)) + np.log(np.maximum(of_models, LEAST)), dtype=np.float32)


def bodies_of(
    seen: Sequence[Guess], log_probs: FloatArray, class_bodies: Sequence[str], *, temperature: float
) -> tuple[Guess, ...]:
    """Every body of `seen` with its calibrated probability, likeliest first."""
    logits = body_logits(seen, log_probs, class_bodies)
    return likeliest_first([guess.name for guess in seen], log_softmax(logits / temperature))
