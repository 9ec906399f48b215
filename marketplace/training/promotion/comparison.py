"""Champion and challenger on the same photos of cars that neither was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.training.calibration import TARGET_ERROR

RESAMPLES = 2000
AT_ONCE = 100
"""So many resamples share an array: 100 × 20,000 photos are 16 MB."""
MIN_OF_CLASS = 20
"""A class with fewer test photos says nothing of itself: one photo is five points of twenty."""


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, as shares of photos, with the 95 % interval."""

    value: float
    low: float
    high: float


def paired_difference(
    *, challenger: NDArray[np.bool_], champion: NDArray[np.bool_], vehicles: Sequence[str], seed: int = 0
) -> Difference:
    """How much more often the challenger is right, by paired bootstrap over cars.

    Both arrays: shape (N,), right or not, on the same photos in the same order; vehicles: the N photos' cars. Cars are
    drawn, not photos: five photos of one car are nearly one observation. Raises ValueError if there is no photo.
    """
    car_of, draws = _draws(challenger, champion, vehicles, seed)
    gains = challenger.astype(np.int64) - champion.astype(np.int64)
    gain_of_car = np.bincount(car_of, weights=gains)
    means = (draws @ gain_of_car) / (draws @ np.bincount(car_of))
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(gains.mean()), float(low), float(high))


@dataclass(frozen=True)
class Answers:
    """What a version said of the photos: arrays of shape (N,)."""

    right: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    """0 where there was no answer."""


def paired_coverage(
    *, challenger: Answers, champion: Answers, vehicles: Sequence[str], seed: int = 0
) -> Difference:  # fmt: skip
    """How many more of the photos the challenger could answer with at most 3 % wrong, by paired bootstrap over cars.

    That share is a jump function of the surest answers: one wrong photo among them moves it by many points, so it says
    little without its interval. As paired_difference otherwise; both values as calibrate.coverage_at_error gives them.
    """
    car_of, draws = _draws(challenger.right, champion.right, vehicles, seed)
    once = np.ones((1, draws.shape[1]), dtype=draws.dtype)
    gains = [
        _coverage(challenger, part[:, car_of]) - _coverage(champion, part[:, car_of])
        for part in (once, *(draws[start : start + AT_ONCE] for start in range(0, RESAMPLES, AT_ONCE)))
    ]
    low, high = np.percentile(np.concatenate(gains[1:]), [2.5, 97.5])
    return Difference(float(gains[0][0]), float(low), float(high))


def _coverage(said: Answers, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """counts: (R, N), how often each photo was drawn in each resample → (R,) coverage at TARGET_ERROR."""
    order = np.argsort(-said.confidence, kind="stable")
    stated = said.confidence[order]
    # Photos of equal confidence stand or fall together.
    ends = np.append(np.flatnonzero(np.diff(stated)), len(stated) - 1)
    drawn = counts[:, order]
    answered = np.cumsum(drawn, axis=1)[:, ends]
    wrong = np.cumsum(drawn * ~said.right[order], axis=1)[:, ends]
    kept = np.where(wrong <= TARGET_ERROR * answered, answered, 0).max(axis=1)
    return np.asarray(kept / answered[:, -1], dtype=np.float64)


def _draws(
    challenger: NDArray[np.bool_], champion: NDArray[np.bool_], vehicles: Sequence[str], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Per photo the number of its car, (N,), and per resample how often each car is drawn, (RESAMPLES, cars)."""
    if not len(challenger) or challenger.shape != champion.shape or len(vehicles) != len(challenger):
        raise ValueError("no photos to compare, or not the same ones")
    names, car_of = np.unique(np.asarray(vehicles), return_inverse=True)
    cars = len(names)
    # A multinomial is a bootstrap without a million indices.
    return car_of, np.random.default_rng(seed).multinomial(cars, np.full(cars, 1 / cars), size=RESAMPLES)


@dataclass(frozen=True)
class ClassChange:
    """How the share of a class's photos that are named rightly changed from champion to challenger."""

    name: str
    photos: int
    champion: float
    challenger: float

    @property
    def change(self) -> float:
        """Challenger minus champion; rounded, so that nine of ten to eight of ten is no more than ten points."""
        return round(self.challenger - self.champion, 9)


def class_changes(
    *, cars: Sequence[str], challenger: NDArray[np.bool_], champion: NDArray[np.bool_], least: int = MIN_OF_CLASS
) -> list[ClassChange]:
    """Recall of both versions per class with at least so many photos, the worst fall first.

    cars: the N photos' classes by name; both arrays: shape (N,), right or not, on the same photos in the same order.
    """
    names, class_of, photos = np.unique(np.asarray(cars, dtype=str), return_inverse=True, return_counts=True)
    new = np.bincount(class_of, weights=challenger, minlength=len(names)) / photos
    old = np.bincount(class_of, weights=champion, minlength=len(names)) / photos
    changes = [
        ClassChange(str(names[at]), int(photos[at]), float(old[at]), float(new[at]))
        for at in np.flatnonzero(photos >= least)
    ]
    return sorted(changes, key=lambda one: (one.change, one.name))
