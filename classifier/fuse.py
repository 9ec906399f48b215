"""One verdict from several photos of a car. Free of torch: the web process fuses stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.artefact import TrainedClass
from classifier.preprocess import FloatArray
from classifier.taxonomy import Candidate, Guess, summarise

DEFAULT_ALPHA = 0.5
"""An artefact may declare its own, fitted on held-out cars: ArtefactSpec.fusion_alpha."""
FLOOR = float(np.log(1e-4))
"""No single photo may rule a class out: one odd photo must not outweigh five good ones."""

TINY = 1e-12
"""Replaces a probability that was rounded to 0 and has no logarithm."""


@dataclass(frozen=True)
class Verdict:
    """The result over all usable photos of one car."""

    make: Guess
    model: Guess | None
    """The likeliest model; None if its trained class names a make only."""
    year: str
    """The likeliest years of that model, as in the trained class; "" if it has none."""
    candidates: tuple[Candidate, ...]
    photos_used: int
    colours: tuple[Guess, ...] = ()
    """As Recognition.colours; verdict_from leaves them out."""


def fuse(log_probs: Sequence[FloatArray], alpha: float = DEFAULT_ALPHA) -> FloatArray:
    """Pool the calibrated log-probabilities (each (C,)) of n photos of one car into one array (C,).

    Log-linear pooling: their sum times n^-alpha, normalised. alpha = 0 treats the photos as
    independent, alpha = 1 as repetitions of one photo, so that the same photo twice adds no
    confidence. Photos of one car share angle, light and the classifier's mistakes, so the best
    alpha lies between. A single photo is returned unchanged. Raises ValueError if there is no
    photo or their lengths differ.
    """
    if not log_probs:
        raise ValueError("no photos to fuse")
    if len({one.shape for one in log_probs}) != 1 or log_probs[0].ndim != 1:
        raise ValueError("the photos' log-probabilities differ in length: they come from different models")
    if len(log_probs) == 1:
        return np.asarray(log_probs[0], dtype=np.float32)
    stacked = np.maximum(np.stack(log_probs).astype(np.float64), FLOOR)
    return log_softmax(stacked.sum(axis=0) * len(log_probs) ** -alpha)


def log_softmax(logits: np.ndarray) -> FloatArray:
    """Over the last axis, computed in float64, returned as float32."""
    exact = logits.astype(np.float64)
    shifted = exact - exact.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), dtype=np.float32)


def likeliest_first(names: Sequence[str], log_probs: FloatArray) -> tuple[Guess, ...]:
    """Each name with its probability; log_probs: shape (names,)."""
    guesses = [Guess(name, min(float(prob), 1.0)) for name, prob in zip(names, np.exp(log_probs), strict=True)]
    return tuple(sorted(guesses, key=lambda guess: -guess.confidence))


def guesses_fuse(photos: Sequence[Sequence[Guess]], alpha: float = DEFAULT_ALPHA) -> tuple[Guess, ...]:
    """Pool several photos' bodies or colours (as in Recognition) into one tuple; see fuse.

    Photos without any are left out; () if no photo has any. Names are matched, so the photos may
    come from different artefacts: a name that one of them does not know gets the lowest probability
    that a photo may give.
    """
    said = [{guess.name: guess.confidence for guess in photo} for photo in photos if photo]
    if not said:
        return ()
    names = list(dict.fromkeys(name for one in said for name in one))
    probs = np.asarray([[one.get(name, 0.0) for name in names] for one in said], dtype=np.float32)
    return likeliest_first(names, fuse(list(np.log(np.maximum(probs, TINY))), alpha))


def verdict_from(
    log_probs: Sequence[FloatArray], classes: Sequence[TrainedClass], *, alpha: float = DEFAULT_ALPHA
) -> Verdict | None:
    """Fuse and sum up arrays in the order of `classes`; None if there is no usable photo."""
    if not log_probs:
        return None
    make, candidates = summarise(np.exp(fuse(log_probs, alpha)), classes)
    best = candidates[0]
    return Verdict(
        make=make,
        model=Guess(best.model, best.confidence) if best.model else None,
        year=best.years,
        candidates=tuple(candidates),
        photos_used=len(log_probs),
    )
