"""A photo as a vector: the square roots of its class probabilities, flattened.

The scalar product of two such vectors is the Bhattacharyya coefficient of what the network says of
the photos: 1 for the same answer, 0 for answers without a class in common.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.uint8]
FLATTENED = 4.0
"""Log-probabilities are divided by it: what else the car resembles counts as well. Measured by
scripts/measure_likeness.py."""
ONE = 255.0
PART = 2048


def vector_of(log_probs: bytes) -> NDArray[np.float32]:
    """Of a prediction's stored log-probabilities: (classes,), of length 1."""
    one: NDArray[np.float32] = vectors_of(np.frombuffer(log_probs, dtype="<f2")[None])[0]
    return one


def vectors_of(log_probs: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, classes) → (N, classes), each of length 1."""
    flat = np.asarray(log_probs, dtype=np.float32) / FLATTENED
    probs = np.exp(flat - flat.max(axis=1, keepdims=True))
    roots: NDArray[np.float32] = np.sqrt(probs / probs.sum(axis=1, keepdims=True))
    return roots


def packed(vectors: NDArray[np.float32]) -> Vectors:
    """As kept in memory: one byte for each class."""
    bytes_of: Vectors = np.rint(vectors * ONE).astype(np.uint8)
    return bytes_of


def likeness(kept: Vectors, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, classes) and (classes,) → (N,), 0…1."""
    # Part by part, each of which fits into the processor's cache: a fifth of the time.
    parts = [kept[start : start + PART].astype(np.float32) @ asked for start in range(0, len(kept), PART)]
    scores: NDArray[np.float32] = np.concatenate(parts or [np.zeros(0, np.float32)])
    scores /= np.float32(ONE)
    return scores
