"""Statistics of a car's pixels in CIE Lab, from which its colour is told. Pillow and NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.preprocess import FloatArray

RelativeBox = tuple[float, float, float, float]
"""x1, y1, x2, y2 as shares of the photo's width and height."""

RULE = "rule."
"""How the names of the rule's tensors begin in a colour artefact; the others are the network's."""
HEIGHT, WIDTH = 24, 32
"""The car is scaled to so few pixels: noise and small parts vanish, and it takes no time."""
PHOTO_HEIGHT, PHOTO_WIDTH = 18, 24
MIN_OUTSIDE = 0.04
"""With less of the photo outside the car's box, its surroundings are the whole photo."""
LEVELS, HUES = 12, 18
ZONES = (
    (0.05, 0.95, 0.05, 0.95), (0.35, 0.60, 0.10, 0.90), (0.45, 0.75, 0.15, 0.85), (0.60, 0.85, 0.10, 0.90),
    (0.30, 0.50, 0.25, 0.75), (0.40, 0.65, 0.02, 0.30), (0.40, 0.65, 0.70, 0.98), (0.40, 0.65, 0.30, 0.70),
    (0.00, 0.15, 0.30, 0.70),
)  # fmt: skip
"""Parts of the box, y1 y2 x1 x2: all of it, belts where the panels are in most views, left, right,
middle, roof."""

_VALUES = np.arange(256, dtype=np.float32) / 255
_LINEAR = np.where(_VALUES > 0.04045, ((_VALUES + 0.055) / 1.055) ** 2.4, _VALUES / 12.92).astype(np.float32)
_TO_XYZ = np.asarray(  # sRGB's, relative to its white point D65
    [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8728]], dtype=np.float32
)


def paint_statistics(car: Image.Image, photo: Image.Image, box: RelativeBox) -> FloatArray:
    """What the pixels say, shape (D,), float32; car: the photo's part in the box. Both are RGB."""
    lab = lab_of(_scaled(car, WIDTH, HEIGHT))
    around = lab_of(_scaled(photo, PHOTO_WIDTH, PHOTO_HEIGHT)).reshape(-1, 3)
    parts = [part for zone in _ZONES for part in _zone(lab.reshape(-1, 3)[zone])]
    parts += [*_surroundings(around, _outside(box)), *_smooth(lab), _hues(lab)]
    return np.concatenate(parts).astype(np.float32)


def lab_of(rgb: NDArray[np.uint8]) -> FloatArray:
    """sRGB bytes (…, 3) → CIE Lab, L 0…100."""
    xyz = _LINEAR[rgb] @ _TO_XYZ.T
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _scaled(image: Image.Image, width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0))


def _grid(height: int, width: int) -> tuple[FloatArray, FloatArray]:
    """y and x of the pixels' centres as shares of the height and width, each (height, width)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (y + 0.5) / height, (x + 0.5) / width


def _between(values: FloatArray, low: float, high: float) -> NDArray[np.bool_]:
    return (values >= low) & (values < high)


_Y, _X = _grid(HEIGHT, WIDTH)
_ZONES = [np.flatnonzero(_between(_Y, y1, y2) & _between(_X, x1, x2)) for y1, y2, x1, x2 in ZONES]
_CENTRE = np.exp(-(((_Y - 0.55) / 0.3) ** 2) - ((_X - 0.5) / 0.4) ** 2).astype(np.float32)
"""What a pixel counts: panels are in the middle of the box, a little below."""


_CHOSEN = ((5, 10, 25, 40, 50, 60, 75, 90, 95), (10, 25, 50, 75, 90), (10, 25, 50, 75, 90), (25, 50, 75, 90))
"""Percentiles of a zone's L, a, b and chroma."""
_ROWS = np.repeat(np.arange(len(_CHOSEN)), [len(one) for one in _CHOSEN])
_PERCENTS = np.concatenate([np.asarray(one, dtype=np.float32) for one in _CHOSEN])
_LIGHTS, _TINTS, _AROUND = (
    np.asarray(one, dtype=np.float32) for one in ((2, 10, 25, 50, 75, 90, 98), (20, 50, 80), (5, 25, 50, 75, 95))
)


def _at(values: FloatArray, percents: FloatArray) -> FloatArray:
    """Percentiles of (n,), without interpolation."""
    return np.sort(values)[(percents / 100 * len(values)).astype(np.intp)]


def _zone(lab: FloatArray) -> list[FloatArray]:
    """Of pixels (n, 3): how bright, how coloured, and the colour of the coloured ones."""
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    ranked = np.sort(np.vstack([lab.T, chroma]), axis=1)
    chosen = ranked[_ROWS, (_PERCENTS / 100 * len(lab)).astype(np.intp)]
    return [chosen, chroma @ lab / (chroma.sum() + 1e-3), lab[:, 0].std(keepdims=True)]


def _outside(box: RelativeBox) -> NDArray[np.bool_]:
    """Which pixels of the scaled photo lie outside the car's box."""
    y, x = (axis.ravel() for axis in _grid(PHOTO_HEIGHT, PHOTO_WIDTH))
    return ~((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3]))


def _surroundings(photo: FloatArray, outside: NDArray[np.bool_]) -> list[FloatArray]:
    """Light and tint of the photo (n, 3), against which the paint is judged."""
    rest = photo[outside] if outside.mean() >= MIN_OUTSIDE else photo
    return [
        _at(photo[:, 0], _LIGHTS),
        _at(photo[:, 1], _TINTS),
        _at(photo[:, 2], _TINTS),
        _at(rest[:, 0], _AROUND),
        rest[:, 1:].mean(axis=0),
        np.asarray([outside.mean() * 50]),
    ]


def _smooth(lab: FloatArray) -> list[FloatArray]:
    """How much of the smooth surface has which brightness, and its tint there.

    Paint is smooth; grilles, wheels, trees and gravel are not.
    """
    light = lab[..., 0]
    step = np.abs(light[:-1, 1:] - light[:-1, :-1]) + np.abs(light[1:, :-1] - light[:-1, :-1])
    counts = (np.exp(-step / 6) * _CENTRE[:-1, :-1]).ravel()
    level = np.clip(light[:-1, :-1] / 100 * LEVELS, 0, LEVELS - 1).astype(np.intp).ravel()
    tint = lab[:-1, :-1, 1:].reshape(-1, 2)
    found = np.bincount(level, counts, LEVELS)
    tints = [np.bincount(level, counts * tint[:, channel], LEVELS) / (found + 2) for channel in (0, 1)]
    return [found / found.sum() * 100, *tints]


def _hues(lab: FloatArray) -> FloatArray:
    """How much colour of which hue there is; greys count nothing."""
    a, b = lab[..., 1].ravel(), lab[..., 2].ravel()
    hue = ((np.arctan2(b, a) / (2 * np.pi) + 0.5) * HUES).astype(np.intp) % HUES
    strength = np.clip(np.hypot(a, b) - 4, 0, 40) * _CENTRE.ravel()
    found: FloatArray = np.sqrt(np.bincount(hue, strength, HUES) / _CENTRE.sum()) * 10
    return found
