"""Compare two versions on the same test photos: paired bootstrap, and recall per class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.training.calibration import BINS, ece, ece_bins
from classifier.training.target_error import TARGET_ERROR

RESAMPLES = 2000
AT_ONCE = 100
"""How many resamples share one array: 100 × 20,000 photos take 16 MB."""
ERRORS = tuple(TARGET_ERROR * share for share in (1 / 3, 1 / 2, 2 / 3, 1, 4 / 3, 5 / 3, 2))
"""Shares of wrong answers at which coverages are compared. On the shipped starter's 400 to 480 old
test photos the difference of the mean has half the standard error of that at TARGET_ERROR alone."""
REST = "rarer cars"
MIN_OF_CLASS = 20
"""Classes with fewer test photos are not compared: of twenty photos, one is already five points."""


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, as shares of photos, with its 95 % interval."""

    value: float
    low: float
    high: float


def paired_difference(
    *, challenger: NDArray[np.bool_], champion: NDArray[np.bool_], vehicles: Sequence[str], seed: int = 0
) -> Difference:
    """How much more often the challenger is right, by paired bootstrap over cars.

    challenger, champion: shape (N,), whether the answer is right, for the same photos in the same
    order. vehicles: the N photos' cars. Cars are resampled, not photos: five photos of one car are
    nearly one observation. Raises ValueError if there are no photos.
    """
    car_of, draws = _draws(challenger, champion, vehicles, seed)
    gains = challenger.astype(np.int64) - champion.astype(np.int64)
    gain_of_car = np.bincount(car_of, weights=gains)
    means = (draws @ gain_of_car) / (draws @ np.bincount(car_of))
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(gains.mean()), float(low), float(high))


@dataclass(frozen=True)
class Answers:
    """A version's answers to N photos: arrays of shape (N,)."""

    right: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    """0 where the version gave no answer."""

    def taken(self, places: NDArray[np.intp]) -> "Answers":
        """To the photos at these places."""
        return Answers(self.right[places], self.confidence[places])


def paired_coverage(
    *, challenger: Answers, champion: Answers, vehicles: Sequence[str], seed: int = 0
) -> Difference:  # fmt: skip
    """The difference in coverage around the target error, by paired bootstrap over cars.

    Coverage is the share of photos that can be answered with at most an error of them wrong, as in
    calibration.coverage_at_error; here it is the mean over ERRORS. At one error alone it is a step:
    a single wrong photo among the surest answers moves it by many points. Arguments and errors as
    in paired_difference.
    """
    car_of, draws = _draws(challenger.right, champion.right, vehicles, seed)
    once = np.ones((1, draws.shape[1]), dtype=draws.dtype)
    gains = [
        coverage_mean(challenger, part[:, car_of]) - coverage_mean(champion, part[:, car_of])
        for part in (once, *(draws[start : start + AT_ONCE] for start in range(0, RESAMPLES, AT_ONCE)))
    ]
    low, high = np.percentile(np.concatenate(gains[1:]), [2.5, 97.5])
    return Difference(float(gains[0][0]), float(low), float(high))


def paired_ece(*, challenger: Answers, champion: Answers, vehicles: Sequence[str], seed: int = 0) -> Difference:
    """The difference in expected calibration error on photos that both answer, as paired_coverage.

    Its value is that of the sample: calibration.ece of the one minus that of the other.
    """
    car_of, draws = _draws(challenger.right, champion.right, vehicles, seed)
    photos = draws @ np.bincount(car_of)
    errors = [np.abs(draws @ _gaps(said, car_of)).sum(axis=1) / photos for said in (challenger, champion)]
    low, high = np.percentile(errors[0] - errors[1], [2.5, 97.5])
    value = ece(challenger.confidence, challenger.right) - ece(champion.confidence, champion.right)
    return Difference(value, float(low), float(high))


def _gaps(said: Answers, car_of: NDArray[np.intp]) -> NDArray[np.float64]:
    """Per car and bin of calibration.ece the sum of confidence minus right, (cars, bins)."""
    gaps = np.zeros((int(car_of.max()) + 1, BINS))
    np.add.at(gaps, (car_of, ece_bins(said.confidence)), said.confidence - said.right)
    return gaps


def coverage_mean(said: Answers, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean coverage at ERRORS in each of R resamples, shape (R,).

    counts: shape (R, N), how often each photo was drawn in each resample.
    """
    order = np.argsort(-said.confidence, kind="stable")
    stated = said.confidence[order]
    # A threshold cannot separate photos of equal confidence.
    ends = np.append(np.flatnonzero(np.diff(stated)), len(stated) - 1)
    drawn = counts[:, order]
    answered = np.cumsum(drawn, axis=1)[:, ends]
    wrong = np.cumsum(drawn * ~said.right[order], axis=1)[:, ends]
    kept = [np.where(wrong <= error * answered, answered, 0).max(axis=1) for error in ERRORS]
    return np.asarray(np.mean(kept, axis=0) / answered[:, -1], dtype=np.float64)


def _draws(
    challenger: NDArray[np.bool_], champion: NDArray[np.bool_], vehicles: Sequence[str], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Each photo's car as a number, (N,), and how often each resample draws each car.

    The second array has shape (RESAMPLES, cars). Raises ValueError if there are no photos, or the
    arrays do not match.
    """
    if not len(challenger) or challenger.shape != champion.shape or len(vehicles) != len(challenger):
        raise ValueError("no photos to compare, or not the same ones")
    names, car_of = np.unique(np.asarray(vehicles), return_inverse=True)
    cars = len(names)
    # Drawing the counts directly is the same bootstrap without millions of indices.
    return car_of, np.random.default_rng(seed).multinomial(cars, np.full(cars, 1 / cars), size=RESAMPLES)


@dataclass(frozen=True)
class ClassChange:
    """One class's recall under both versions."""

    name: str
    photos: int
    champion: float
    challenger: float

    @property
    def change(self) -> float:
        """Challenger minus champion, rounded so that 0.8 − 0.9 is exactly −0.1."""
        return round(self.challenger - self.champion, 9)


def group_names(cars: Sequence[tuple[str, str]], *, least: int = MIN_OF_CLASS) -> list[str]:
    """The group in which each photo is compared, so that each is in one that can be.

    cars: the N photos' makes and models. A model with `least` photos is a group of its own; else
    the rest of its make, where that has as many; else the rest of all.
    """
    models = Counter(cars)
    rests = Counter(make for make, model in cars if models[make, model] < least)
    return [
        f"{make} {model}".rstrip()
        if models[make, model] >= least
        else f"other {make}"
        if rests[make] >= least
        else REST
        for make, model in cars
    ]


def class_changes(
    *, cars: Sequence[str], challenger: NDArray[np.bool_], champion: NDArray[np.bool_], least: int = MIN_OF_CLASS
) -> list[ClassChange]:
    """Recall under both versions of each class with `least` photos or more, the worst fall first.

    cars: the N photos' classes by name, or groups. challenger, champion: shape (N,), as in
    paired_difference.
    """
    names, class_of, photos = np.unique(np.asarray(cars, dtype=str), return_inverse=True, return_counts=True)
    new = np.bincount(class_of, weights=challenger, minlength=len(names)) / photos
    old = np.bincount(class_of, weights=champion, minlength=len(names)) / photos
    changes = [
        ClassChange(str(names[at]), int(photos[at]), float(old[at]), float(new[at]))
        for at in np.flatnonzero(photos >= least)
    ]
    return sorted(changes, key=lambda one: (one.change, one.name))
