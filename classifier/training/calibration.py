"""Honest confidence: temperature, thresholds, and how far stated confidence is from what happens. Free of torch."""

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

TARGET_ERROR = 0.03
"""The share of the answers in a form that may be wrong. Thresholds are fitted to it, coverage is
measured at it, in training, reports and promotion alike."""
MIN_ANSWERED = 30
"""Fewer answers say nothing about a 3 % error: even 30 right ones only bound it below 10 % (rule of three)."""
COLDEST, HOTTEST = 0.05, 20.0
MIN_OF_SOURCE = 50
"""Fewer held-out photos of one source cannot tell its temperature from that of all."""
MIN_CARS = 5
"""Fewer cars with several photos say nothing of how photos depend on one another."""
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Coarse, because tens of cars cannot tell more."""
LEAST_LIKELY = 1e-6
"""One hopeless car must not decide alone."""


def temperature_fit(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The temperature T > 0 for which softmax(logits / T) makes the held-out labels likeliest.

    logits: shape (N, C). labels: shape (N,), class indices. weights: shape (N,), what each photo counts. T lies in
    0.05…20, so perfect or hopeless logits stay finite. It changes no photo's best class. Raises ValueError if shapes do
    not fit or there is no photo.
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
    """A temperature for each class, from one for each source of photos, by what makes the held-out labels likeliest.

    logits: (N, C), labels: (N,), sources: (N,), of held-out photos. shares: source → (C,), the share of each class's
    training photos that came from it; a class is as hot as its sources on average. Sources of fewer than MIN_OF_SOURCE
    photos are one together. () where there are fewer than two to tell apart.
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

    One temperature has to serve them all: neither does the largest drown the others, nor do five photos outvote 300.
    """
    photos = Counter(sources)
    return np.asarray([photos[source] ** -0.5 for source in sources])


def alpha_fit(
    cars: Sequence[tuple[Sequence[FloatArray], int]], classes: Sequence[TrainedClass], *, least: int = MIN_CARS
) -> float | None:
    """How dependent the photos of one car are (fuse.fuse), by what makes the models of held-out cars likeliest.

    cars: per car its photos' calibrated log-probabilities, two or more, and its class. None with fewer than `least`.
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
    """The lowest confidence t such that among the photos with confidence >= t at most max_error are wrong.

    confidence: shape (N,), 0…1. correct: shape (N,), bool. weights: shape (N,), above 0, what each photo counts.
    Photos of equal confidence stand or fall together. At least MIN_ANSWERED photos must lie at or above t; where no t
    will do the answer is 1.01, above every confidence: never.
    """
    stated, answered, error = _curve(confidence, correct, weights)
    good = np.flatnonzero((error <= max_error) & (answered >= MIN_ANSWERED))
    return float(stated[good[-1]]) if len(good) else NEVER


def coverage_at_error(confidence: ArrayLike, correct: ArrayLike, *, max_error: float = TARGET_ERROR) -> float:
    """The largest share of the photos, 0…1, that can be answered, surest first, with at most max_error of them wrong.

    Shapes as in threshold_fit; a photo without an answer belongs in with confidence 0 and correct false, else the share
    is of something smaller. It measures, so it asks for no least number of photos. Raises ValueError if there is none.
    """
    _, answered, error = _curve(confidence, correct)
    if not len(answered):
        raise ValueError("no photos to measure coverage on")
    good = answered[error <= max_error]
    return float(good[-1] / answered[-1]) if len(good) else 0.0


def ece(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error: |mean confidence - share right| over equally wide bins, weighted by photos; 0…1.

    Shapes as in threshold_fit. Raises ValueError if there is no photo.
    """
    stated, right = _pair(confidence, correct)
    if not len(stated):
        raise ValueError("no photos to measure calibration on")
    place = np.clip(np.ceil(stated * bins).astype(np.intp) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=stated, minlength=bins) - np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(gap).sum() / len(stated))


def ece_by_chance(confidence: ArrayLike, *, draws: int = 200, seed: int = 0) -> float:
    """The calibration error that perfectly honest confidences would show on so few photos, on average.

    Each photo is right with the probability that its confidence states. With 150 photos that is some 0.06: a measured
    error says something only as far as it lies above. Raises ValueError if there is no photo.
    """
    stated = np.asarray(confidence, dtype=np.float64)
    random = np.random.default_rng(seed)
    return float(np.mean([ece(stated, random.random(len(stated)) < stated) for _ in range(draws)]))


def reliability(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> list[tuple[float, float, int]]:
    """Per bin of ece that holds photos: their mean confidence, the share right, how many. For a calibration curve."""
    stated, right = _pair(confidence, correct)
    place = np.clip(np.ceil(stated * bins).astype(np.intp) - 1, 0, bins - 1)
    held = [place == index for index in range(bins)]
    return [(float(stated[m].mean()), float(right[m].mean()), int(m.sum())) for m in held if m.any()]


def coverage_curve(confidence: ArrayLike, correct: ArrayLike, *, most: int = 200) -> list[tuple[float, float, float]]:
    """Per confidence, highest first: itself, the share of photos at or above it, the share of those that is wrong.

    Shapes as in coverage_at_error. At most about `most` points, evenly spread over the photos.
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
    """Per distinct confidence, highest first: itself, photos at or above it, weighted share of those that are wrong."""
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
