"""The body type of a car: what the judge sees of it, and what the models that it may be usually are. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classifier.fuse import likeliest_first, log_softmax
from classifier.preprocess import FloatArray
from classifier.taxonomy import Guess

LEAST = 1e-3
"""Neither witness may rule a body out for good: models have bodies that no training photo showed."""


def body_logits(seen: Sequence[Guess], log_probs: FloatArray, class_bodies: Sequence[str]) -> FloatArray:
    """Per body of `seen`, in its order, how much both speak for it, (bodies,).

    log_probs: (C,), calibrated. class_bodies: (C,), the body that each class mostly has; the share of classes of which
    it is not known ("") goes by what is seen.
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
