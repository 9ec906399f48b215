"""Calibration: temperatures, thresholds, and the measures of both. Without torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar

from classifier.artefact import NEVER, TrainedClass
from classifier.fuse import fuse, log_softmax
from classifier.names import name_key
from classifier.preprocess import FloatArray
from classifier.training.target_error import TARGET_ERROR

MIN_ANSWERED = 30
"""Fewer answers cannot show a small error: 30 right ones bound it below 10 % (rule of three)."""
MIN_HELD_OUT = 20
"""With fewer held-out photos, a temperature or a penalty would be fitted to noise."""
FALLBACK_TEMPERATURE = 1.5
"""In place of a fitted one: it lowers confidences."""
COLDEST, HOTTEST = 0.05, 20.0
MIN_OF_SOURCE = 50
"""With fewer held-out photos, a source's temperature cannot be told from that of all."""
MIN_CARS = 5
"""Fewer cars with several photos do not show how their photos depend on one another."""
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Coarse, because tens of cars do not resolve more."""
BINS = 15
"""Of the calibration error."""
LEAST_LIKELY = 1e-6
"""A floor for probabilities, so that one hopeless car does not decide alone."""


def temperature_fit(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The temperature T > 0 that maximises the likelihood of labels under softmax(logits / T).

    logits: shape (N, C). labels: shape (N,), class indices. weights: shape (N,), what each photo
    counts. T is bounded to 0.05…20, so it is finite for perfect and for hopeless logits. It changes
    no photo's best class. Raises ValueError if shapes do not fit or there is no photo.
    """
    scores = np.asarray(logits, dtype=np.float64)
    truth = np.asarray(labels, dtype=np.intp)
    counts = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    if scores.ndim != 2 or truth.shape != scores.shape[:1] or not len(truth) or counts.shape != truth.shape:
        raise ValueError(f"logits {scores.shape} and labels {truth.shape} do not fit")
    if truth.min() < 0 or truth.max() >= scores.shape[1] or not np.isfinite(scores).all():
        raise ValueError("a label is no class, or a logit is not finite")
    shifted = scores - scores.max(axis=1, keepdims=True)
    of_truth = shifted[np.arange(len(truth)), truth]

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        missed = np.log(np.exp(shifted / temperature).sum(axis=1)) - of_truth / temperature
        return float(np.average(missed, weights=counts))

    best = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(best.x))


def class_temperatures_fit(
    logits: FloatArray, labels: Sequence[int], sources: Sequence[str], shares: Mapping[str, NDArray[np.float64]]
) -> tuple[float, ...]:
    """Maximum-likelihood temperatures of each source of photos, averaged into one for each class.

    logits: (N, C), labels: (N,), sources: (N,), of held-out photos. shares: source → (C,), the
    share of each class's training photos that came from it; by these shares a class averages its
    sources' temperatures. Sources with fewer than MIN_OF_SOURCE photos are left out. () if fewer
    than two sources remain.
    """
    photos = Counter(sources)
    groups = [source for source in sorted(shares) if photos[source] >= MIN_OF_SOURCE]
    if len(groups) < 2:
        return ()
    parts = np.stack([shares[source] for source in groups], axis=1)
    parts = np.where(parts.sum(1, keepdims=True) > 0, parts, 1.0)
    parts /= parts.sum(1, keepdims=True)
    probs = np.exp(log_softmax(logits))
    rows, truth = np.arange(len(labels)), np.asarray(labels, dtype=np.intp)

    def loss(log_temperatures: NDArray[np.float64]) -> float:
        sharp = probs @ (parts @ np.exp(-log_temperatures))
        return float(-log_softmax(logits * sharp[:, None])[rows, truth].mean())

    limits = [(np.log(COLDEST), np.log(HOTTEST))] * len(groups)
    found = minimize(loss, np.zeros(len(groups)), method="Nelder-Mead", bounds=limits)
    return tuple(round(float(one), 4) for one in 1 / (parts @ np.exp(-found.x)))


def source_weights(sources: Sequence[str]) -> NDArray[np.float64]:
    """(N,) weights with which a source of n photos counts sqrt(n) in all.

    One temperature serves all sources: the largest does not drown the others, and five photos do
    not outvote 300.
    """
    photos = Counter(sources)
    return np.asarray([photos[source] ** -0.5 for source in sources])


def alpha_fit(
    cars: Sequence[tuple[Sequence[FloatArray], int]], classes: Sequence[TrainedClass], *, least: int = MIN_CARS
) -> float | None:
    """The alpha of fuse.fuse that maximises the likelihood of the models of held-out cars.

    cars: per car its photos' calibrated log-probabilities, two or more, and its class. None with
    fewer cars than `least`.
    """
    if len(cars) < least:
        return None
    models = np.unique([f"{name_key(one.make)} {name_key(one.model)}" for one in classes], return_inverse=True)[1]

    def loss(alpha: float) -> float:
        missed = 0.0
        for photos, truth in cars:
            of_model = np.exp(fuse(photos, alpha))[models == models[truth]].sum()
            missed -= float(np.log(max(of_model, LEAST_LIKELY)))
        return missed

    return min(ALPHAS, key=loss)


def threshold_fit(
    confidence: ArrayLike, correct: ArrayLike, *, max_error: float = TARGET_ERROR, weights: ArrayLike | None = None
) -> float:
    """The lowest confidence t at or above which at most max_error of the photos are wrong.

    confidence: shape (N,), 0…1. correct: shape (N,), bool. weights: shape (N,), above 0, what each
    photo counts. Photos of equal confidence are answered together or not at all. At least
    MIN_ANSWERED photos must lie at or above t; without such a t the result is NEVER, which is above
    every confidence.
    """
    stated, answered, error = _curve(confidence, correct, weights)
    good = np.flatnonzero((error <= max_error) & (answered >= MIN_ANSWERED))
    return float(stated[good[-1]]) if len(good) else NEVER


def thresholds_fit(
    confidence: ArrayLike, correct: ArrayLike, sources: Sequence[str], *, max_error: float = TARGET_ERROR
) -> float:
    """The lowest confidence above which at most max_error are wrong in every source by itself.

    A photo does not say which source it is like, and the mean over sources promises most where
    there is least to promise: 3 % over cut-out and sellers' photos together were 12 % of the
    sellers'. Sources with fewer than MIN_OF_SOURCE photos cannot show anything by themselves: they
    are judged with the one that asks for the highest confidence. NEVER if a source cannot show the
    error on MIN_ANSWERED answers at any confidence, see threshold_fit.
    """
    stated, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=bool)
    named, photos = np.asarray(sources), Counter(sources)
    small = np.asarray([photos[source] < MIN_OF_SOURCE for source in sources], dtype=bool)

    def lowest(chosen: NDArray[np.bool_]) -> float:
        return threshold_fit(stated[chosen], right[chosen], max_error=max_error)

    large = {str(source): lowest(named == source) for source in np.unique(named[~small])}
    if not large:
        return lowest(small)
    hardest = max(large, key=lambda source: large[source])
    together = lowest(small | (named == hardest)) if small.any() else large[hardest]
    return max(together, *large.values())


def coverage_at_error(confidence: ArrayLike, correct: ArrayLike, *, max_error: float = TARGET_ERROR) -> float:
    """The largest share of the photos that can be answered with at most max_error of them wrong.

    Photos are answered in order of confidence. Shapes as in threshold_fit; a photo without an
    answer counts with confidence 0 and correct false. Unlike threshold_fit it needs no minimum of
    photos: it measures. Raises ValueError if there is none.
    """
    _, answered, error = _curve(confidence, correct)
    if not len(answered):
        raise ValueError("no photos to measure coverage on")
    good = answered[error <= max_error]
    return float(good[-1] / answered[-1]) if len(good) else 0.0


def ece_bins(confidence: ArrayLike, *, bins: int = BINS) -> NDArray[np.intp]:
    """(N,): the bin of each confidence, 0…bins-1; see ece."""
    stated = np.asarray(confidence, dtype=np.float64)
    return np.clip(np.ceil(stated * bins).astype(np.intp) - 1, 0, bins - 1)


def ece(confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS) -> float:
    """Expected calibration error, 0…1: |mean confidence - share right|, averaged over photos.

    It is taken over equally wide bins. Shapes as in threshold_fit. Raises ValueError if there is no
    photo.
    """
    stated, right = _pair(confidence, correct)
    if not len(stated):
        raise ValueError("no photos to measure calibration on")
    place = ece_bins(stated, bins=bins)
    gap = np.bincount(place, weights=stated, minlength=bins) - np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(gap).sum() / len(stated))


def ece_by_chance(confidence: ArrayLike, *, draws: int = 200, seed: int = 0) -> float:
    """The mean ece of perfectly calibrated confidences on this number of photos.

    Simulated: each photo is right with the probability that its confidence states. With 150 photos
    it is some 0.06, and only what a measured ece has above it is miscalibration. Raises ValueError
    if there is no photo.
    """
    stated = np.asarray(confidence, dtype=np.float64)
    random = np.random.default_rng(seed)
    return float(np.mean([ece(stated, random.random(len(stated)) < stated) for _ in range(draws)]))


def reliability(confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS) -> list[tuple[float, float, int]]:
    """A calibration curve: per bin of ece its photos' mean confidence, share right and number."""
    stated, right = _pair(confidence, correct)
    place = ece_bins(stated, bins=bins)
    held = [place == index for index in range(bins)]
    return [(float(stated[m].mean()), float(right[m].mean()), int(m.sum())) for m in held if m.any()]


def coverage_curve(confidence: ArrayLike, correct: ArrayLike, *, most: int = 200) -> list[tuple[float, float, float]]:
    """Per confidence, highest first: itself, the share of photos at or above it, and their error.

    Shapes as in coverage_at_error. About `most` points at most, evenly spread over the photos.
    """
    stated, answered, error = _curve(confidence, correct)
    if not len(stated):
        return []
    shares = answered / answered[-1]
    kept = np.unique(np.searchsorted(shares, np.linspace(0, 1, most + 1)[1:] - 1e-9))
    return [(float(stated[at]), float(shares[at]), float(error[at])) for at in kept]


def _curve(
    confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Per distinct confidence, highest first: itself, photos at or above it, weighted error."""
    stated, right = _pair(confidence, correct)
    counts = np.ones(len(stated)) if weights is None else np.asarray(weights, dtype=np.float64)
    if counts.shape != stated.shape or not (counts > 0).all():
        raise ValueError(f"weights {counts.shape} and confidence {stated.shape} do not fit, or one is not above 0")
    order = np.argsort(-stated, kind="stable")
    stated, wrong, counts = stated[order], 1.0 - right[order], counts[order]
    ends = np.append(np.flatnonzero(np.diff(stated)), len(stated) - 1) if len(stated) else np.zeros(0, dtype=np.intp)
    answered = ends + 1
    return stated[ends], answered, np.cumsum(wrong * counts)[ends] / np.cumsum(counts)[ends]


def _pair(confidence: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stated = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=bool).astype(np.float64)
    if stated.ndim != 1 or stated.shape != right.shape:
        raise ValueError(f"confidence {stated.shape} and correct {right.shape} do not fit")
    if not ((stated >= 0) & (stated <= 1 + 1e-5)).all():  # float32 softmax may sum to a hair above 1
        raise ValueError("a confidence lies outside 0…1")
    return np.minimum(stated, 1.0), right
