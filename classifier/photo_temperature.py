"""How sure an answer may be, by what its photo is like: the car's pixels and the side it shows.

A network that learned from large pictures names a car of 40 pixels as surely as any, and is as sure
of rears as of fronts, which it gets right twice as often. Both are known when a photo is
recognised, so each photo's logits are divided by a temperature of its group, fitted on held-out
photos. The same temperatures weigh the photos of an advertisement: what is less sure by itself says
less in the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
Look = tuple[Box | None, tuple[int, int], str]
"""Of a photo: the car's box and the photo's size in pixels, and the view."""
PIXEL_LIMITS = (32, 48, 64, 96, 160)
"""A car whose longer side has fewer pixels than the first is of the first group, and so on."""
PIXEL_GROUPS = len(PIXEL_LIMITS) + 1
VIEW_GROUPS = ("front", "front corner", "side", "rear corner", "rear")
"""A view and its mirror image are one."""


def car_pixels(box: Box | None, image_size: tuple[int, int]) -> int:
    """The longer side of the car in pixels of the full photo; of the photo if it has no box."""
    if box is None:
        return max(image_size)
    return max(box[2] - box[0], box[3] - box[1])


def pixel_group(pixels: int) -> int:
    """0 for the smallest cars … PIXEL_GROUPS - 1."""
    return int(np.searchsorted(PIXEL_LIMITS, pixels, side="right"))


def view_group(view: str) -> str:
    """One of VIEW_GROUPS for one of attributes.VIEWS; "" for any other word."""
    end, _, side = view.partition("-")
    group = f"{end} corner" if side and end != "side" else end
    return group if group in VIEW_GROUPS else ""


def photo_temperatures(
    looks: Sequence[Look], *, by_pixels: Sequence[float], by_view: Sequence[float]
) -> NDArray[np.float32]:
    """(N,): by what each photo's calibrated logits are divided.

    by_pixels, by_view: see ArtefactSpec.pixel_temperatures and view_temperatures; empty: all alike.
    """
    found = np.ones(len(looks), dtype=np.float32)
    for at, (box, size, view) in enumerate(looks):
        if by_pixels:
            found[at] *= by_pixels[pixel_group(car_pixels(box, size))]
        if by_view and (group := view_group(view)):
            found[at] *= by_view[VIEW_GROUPS.index(group)]
    return found
