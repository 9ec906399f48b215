"""Champion and challenger on the same photos of cars that neither was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


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
    if not len(challenger) or challenger.shape != champion.shape or len(vehicles) != len(challenger):
        raise ValueError("no photos to compare, or not the same ones")
    gains = challenger.astype(np.int64) - champion.astype(np.int64)
    _, car_of = np.unique(np.asarray(vehicles), return_inverse=True)
    gain_of_car = np.bincount(car_of, weights=gains)
    photos_of_car = np.bincount(car_of)
    cars = len(photos_of_car)
    # How often each car is drawn, per resample: a multinomial is a bootstrap without a million indices.
    draws = np.random.default_rng(seed).multinomial(cars, np.full(cars, 1 / cars), size=RESAMPLES)
    means = (draws @ gain_of_car) / (draws @ photos_of_car)
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(gains.mean()), float(low), float(high))
