"""Heat maps by occlusion: parts of the car are covered in turn, and the answers compared.

Occlusion uses the classifier as it serves, on any engine; gradients would need torch in the serving
process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifier.artefact import TrainedClass
from classifier.preprocess import Box, FloatArray, Photo
from classifier.taxonomy import Candidate, members, summarise

if TYPE_CHECKING:  # callers hold an open recogniser already
    from classifier.recognise import Recogniser

CELLS = 8
PATCH = 2
BATCH = 16  # covered copies at once: 13 MB of inputs at 260 pixels
FAINTEST = 0.01
"""In nats; 1 % of the probability. If no covered part costs more, a map would show only noise."""


class NothingToExplainError(Exception):
    """No single part of the car matters for the candidate; the message says so in one line."""


@dataclass(frozen=True)
class HeatMap:
    """How much each part of the crop matters for a candidate."""

    heat: FloatArray
    """Shape (rows, cols), float32, 0…1, top left first; 1 where covering costs the most."""
    box: Box
    """The part of the photo under the map, in pixels of the full upright photo."""
    candidate: Candidate
    cost: float
    """Nats of log-probability that covering the hottest part cost."""


def heat_map(
    recogniser: Recogniser,
    photo: Photo,
    *,
    candidate: Candidate | None = None,
    classes: Sequence[TrainedClass] | None = None,
    cells: int = CELLS,
    patch: int = PATCH,
) -> HeatMap:
    """Move a patch over the photo's car; a part's heat is what covering it costs the candidate.

    candidate: make and model to explain; None is the likeliest. classes: the recogniser's classes
    under other names, in its order. cells: rows and columns of the map. patch: the side of the
    covered square, in cells; it has the crop's mean colour and moves along diagonals. The same
    photo gives the same map.

    Raises NoCropError if nothing is recognised on the photo, NothingToExplainError if no single
    part matters, and ValueError if the recogniser does not know the candidate or the patch does
    not fit.
    """
    if not 1 <= patch <= cells:
        raise ValueError(f"a patch of {patch} cells on a map of {cells}")
    crop = recogniser.crop(photo)
    names = recogniser.classes if classes is None else classes
    (whole,) = recogniser.log_probs([crop.pixels])
    if candidate is None:
        candidate = summarise(np.exp(whole), names)[1][0]
    chosen = members(candidate, names)
    if not chosen:
        raise ValueError(f"the classifier does not know {candidate.make} {candidate.model}".rstrip())
    # The patch starts beyond the edges, so that every cell is covered equally often. Otherwise the
    # cells along the edges would take on the heat of their inner neighbours.
    # Of all places those on diagonals a patch apart: they cover every cell `patch` times, which
    # shows as much as all of them in a half (for 2) of the time.
    places = range(1 - patch, cells)
    parts = [
        (_span(row, patch, cells), _span(column, patch, cells))
        for row in places
        for column in places
        if (row - column) % patch == 0
    ]
    total = np.zeros((cells, cells))
    before = _log_sum(whole, chosen)
    for start in range(0, len(parts), BATCH):
        batch = parts[start : start + BATCH]
        said = recogniser.log_probs([_covered(crop.pixels, part, cells) for part in batch])
        for part, log_probs in zip(batch, said, strict=True):
            total[part] += max(before - _log_sum(log_probs, chosen), 0.0)  # evidence against it has no heat
    mean = total / patch
    if mean.max() < FAINTEST:
        raise NothingToExplainError("no single part of the car decides: with any of them covered the answer is as sure")
    return HeatMap(
        heat=np.asarray(mean / mean.max(), dtype=np.float32), box=crop.box, candidate=candidate, cost=float(mean.max())
    )


def _span(place: int, patch: int, cells: int) -> slice:
    """The cells that a patch covers along one side, from `place` on, which may be negative."""
    return slice(max(place, 0), min(place + patch, cells))


def _covered(pixels: FloatArray, part: tuple[slice, slice], cells: int) -> FloatArray:
    """A copy of (3, S, S) in which these rows and columns of cells have its mean colour."""
    side = pixels.shape[-1]
    rows, columns = (slice(round(one.start * side / cells), round(one.stop * side / cells)) for one in part)
    copy = pixels.copy()
    copy[:, rows, columns] = pixels.mean(axis=(1, 2), keepdims=True)
    return copy


def _log_sum(log_probs: FloatArray, chosen: Sequence[int]) -> float:
    """The logarithm of the chosen classes' summed probability."""
    return float(np.logaddexp.reduce(log_probs[list(chosen)].astype(np.float64)))
