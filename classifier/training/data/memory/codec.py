"""Features in few bytes: eight bits each, on a scale of their own in every dimension.

What a network pools lies mostly near 0, with a few large values, so the scale is one of square
roots: fine where most values lie. What this costs, adr/0014 says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.preprocess import FloatArray

LEVELS = 255


@dataclass(frozen=True)
class Packed:
    """Features of M photos in D dimensions, M × D bytes."""

    codes: NDArray[np.uint8]
    """(M, D)."""
    low: FloatArray
    """(D,): the signed square root that code 0 stands for."""
    step: FloatArray
    """(D,): how much further each code is; 0 where all photos agree."""

    @classmethod
    def of(cls, features: FloatArray) -> Packed:
        """Pack (M, D) features; without photos the scale is that of zeros."""
        roots = _rooted(features)
        low = roots.min(axis=0, initial=np.inf) if len(roots) else np.zeros(features.shape[1], dtype=np.float32)
        high = roots.max(axis=0, initial=-np.inf) if len(roots) else low
        return _coded(roots, low.astype(np.float32), ((high - low) / LEVELS).astype(np.float32))

    def unpacked(self) -> FloatArray:
        """(M, D), float32."""
        roots = self.codes.astype(np.float32) * self.step + self.low
        features: FloatArray = np.sign(roots) * np.square(roots)
        return features

    def taken(self, places: NDArray[np.intp]) -> Packed:
        """The photos at these places, bit for bit."""
        return replace(self, codes=self.codes[places])

    def extended(self, features: FloatArray) -> Packed:
        """With further photos on the same scale, which cuts off what lies beyond it.

        The codes that are there stay bit for bit, so that nothing drifts however often a memory
        grows.
        """
        if not len(self.codes):
            return Packed.of(features)
        more = _coded(_rooted(features), self.low, self.step)
        return replace(self, codes=np.concatenate([self.codes, more.codes]))


def _rooted(features: FloatArray) -> FloatArray:
    roots: FloatArray = (np.sign(features) * np.sqrt(np.abs(features))).astype(np.float32)
    return roots


def _coded(roots: FloatArray, low: FloatArray, step: FloatArray) -> Packed:
    codes = np.rint((roots - low) / np.where(step > 0, step, 1))
    return Packed(np.clip(codes, 0, LEVELS).astype(np.uint8), low, step)
