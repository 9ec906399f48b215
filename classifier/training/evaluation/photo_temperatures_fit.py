"""Temperatures by what a photo is like, on held-out photos; see classifier.photo_temperature.

Held-out photos mostly show large cars. So some are scaled down until the car has so few pixels as
the group asks for, and looked at again, as the site would look at them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.photo_temperature import PIXEL_GROUPS, VIEW_GROUPS, car_pixels, view_group
from classifier.preprocess import FloatArray, UnreadablePhotoError, decode
from classifier.recognition import Recognition
from classifier.training.calibration import MIN_HELD_OUT, source_weights, temperature_fit
from classifier.training.data.manifest import ManifestRow

TARGETS = (24, 40, 56, 80, 128)
"""The longer side of the car after scaling, for each group but the last: about its middle."""
MOST_PHOTOS = 160
"""Scaled to each target."""
MIN_OF_VIEW = 50
"""With fewer held-out photos, a view's temperature cannot be told from that of all."""
JPEG_QUALITY = 85


@dataclass(frozen=True)
class Said:
    """What was said of one held-out photo of a known class."""

    log_probs: FloatArray
    """(C,), calibrated but for the photo's temperature."""
    label: int
    source: str
    view: str = ""


def scaled_down(row: ManifestRow, said: Recognition, pixels: int) -> bytes | None:
    """The photo as a JPEG in which its car has about so many pixels; None if it has no more now."""
    scale = pixels / car_pixels(said.box, said.image_size)
    if said.status != "ok" or scale >= 1:
        return None
    try:
        picture = decode(row.path).image
    except UnreadablePhotoError:
        return None  # it was there when it was recognised; another process took it away
    size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    out = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def evenly(rows: Sequence[ManifestRow], most: int) -> list[int]:
    """Positions of at most `most` rows: an equal share of each source, spread over its list."""
    by_source: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        by_source.setdefault(row.source, []).append(at)
    chosen: list[int] = []
    left = most
    for number, places in enumerate(sorted(by_source.values(), key=len)):  # small ones leave room for others
        share = min(len(places), left // (len(by_source) - number))
        chosen += [places[int(at)] for at in np.linspace(0, len(places) - 1, share)]
        left -= share
    return sorted(chosen)


def view_temperatures_fit(photos: Sequence[Said]) -> tuple[float, ...]:
    """One per group of VIEW_GROUPS, 1 where too few photos show it; () if all are 1."""
    found = []
    for group in VIEW_GROUPS:
        mine = [one for one in photos if view_group(one.view) == group]
        found.append(round(_temperature(mine), 4) if len(mine) >= MIN_OF_VIEW else 1.0)
    return tuple(found) if any(one != 1.0 for one in found) else ()


def pixel_temperatures_fit(groups: Sequence[Sequence[Said]]) -> tuple[float, ...]:
    """One per pixel group, the smallest cars' first, never below 1 nor below that of larger cars.

    groups: photos scaled down to each of TARGETS. A group with too few answers is as its larger
    neighbour.
    """
    found: NDArray[np.float64] = np.ones(PIXEL_GROUPS)
    for at, photos in enumerate(groups):
        if len(photos) >= MIN_HELD_OUT:
            found[at] = _temperature(photos)
    rising = np.maximum.accumulate(found[::-1])[::-1]
    return tuple(round(float(one), 4) for one in rising) if (rising > 1).any() else ()


def _temperature(photos: Sequence[Said]) -> float:
    return temperature_fit(
        np.stack([one.log_probs for one in photos]),
        [one.label for one in photos],
        source_weights([one.source for one in photos]),
    )
