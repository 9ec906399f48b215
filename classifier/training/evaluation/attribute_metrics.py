"""How good the attribute classifier is on held-out photos: per head, per source, per car."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.attributes import BODIES, EXTERIOR, KINDS, OTHER, kinds_said
from classifier.fuse import guesses_fuse, likeliest_first
from classifier.names import car_key
from classifier.preprocess import FloatArray
from classifier.training.calibration import ece
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import ManifestRow
from classifier.training.intervals import wilson


def share(right: Sequence[bool] | NDArray[np.bool_]) -> dict[str, Any]:
    """n, the share that is right and its 95 % interval (Wilson's)."""
    n, hits = len(right), int(np.sum(right))
    if not n:
        return {"n": 0}
    return {
        "n": n,
        "accuracy": round(hits / n, 4),
        "interval": [round(end, 4) for end in wilson(hits, n)],
    }


def head_metrics(
    log_probs: FloatArray, labels: NDArray[np.int64], names: Sequence[str], *, said: NDArray[np.intp] | None = None
) -> dict[str, Any]:
    """Of the photos that have a label: share, calibration error, confusion (labelled → answered).

    log_probs: (N, names), calibrated. labels: (N,). said: (N,), what is answered; None: the
    likeliest.
    """
    labelled = labels != UNKNOWN
    probs, truth = np.exp(log_probs[labelled]), labels[labelled]
    if not len(truth):
        return {"n": 0}
    said = probs.argmax(1) if said is None else said[labelled]
    confusion = Counter(zip(truth.tolist(), said.tolist(), strict=True))
    return {
        **share(said == truth),
        "ece": round(ece(probs[np.arange(len(said)), said], said == truth), 4),
        "confusion": {one: {name: confusion[i, j] for j, name in enumerate(names)} for i, one in enumerate(names)},
    }


def kind_metrics(log_probs: FloatArray, labels: NDArray[np.int64]) -> dict[str, Any]:
    """head_metrics of what is said (see attributes.kinds_said), and shares of some kinds.

    exterior_vs_interior leaves the noisy label "detail" and photos without a car out.
    exteriors_found, others_found: of the exteriors and of the photos without a car, those that were
    said to be such. cars_called_other: of all photos of cars, those that were said to show none.
    """
    exterior, interior, other = (KINDS.index(name) for name in (EXTERIOR, "interior", OTHER))
    said = kinds_said(np.exp(log_probs), KINDS)
    clear, cars = np.isin(labels, (exterior, interior)), (labels != other) & (labels != UNKNOWN)
    clearly = share(said[clear] == labels[clear])
    return {
        **head_metrics(log_probs, labels, KINDS, said=said),
        "exterior_vs_interior": clearly.get("accuracy"),
        "exterior_vs_interior_interval": clearly.get("interval"),
        "n_exterior_vs_interior": clearly["n"],
        "exteriors_found": share(said[labels == exterior] == exterior),
        "others_found": share(said[labels == other] == other),
        "cars_called_other": share(said[cars] == other),
    }


def body_metrics(
    log_probs: FloatArray,
    labels: NDArray[np.int64],
    rows: Sequence[ManifestRow],
    *,
    threshold: float,
    trained: Sequence[ManifestRow],
) -> dict[str, Any]:
    """head_metrics, and what matters on the site.

    That is: by source, of models never trained on, above the threshold, per car.

    trained: rows whose body was trained on.
    """
    said = [
        _Said(row, float(np.exp(one.max())), BODIES[one.argmax()] == BODIES[label], one, int(label))
        for row, one, label in zip(rows, log_probs, labels, strict=True)
        if label != UNKNOWN
    ]
    known = {_model(row) for row in trained}
    sources = {one.row.source for one in said}
    cars: dict[str, list[_Said]] = defaultdict(list)
    for one in said:
        cars[one.row.vehicle].append(one)
    several = [photos for photos in cars.values() if len(photos) > 1]
    pooled = [_pooled(photos) for photos in several]
    return {
        **head_metrics(log_probs, labels, BODIES),
        "unseen_models": share([one.right for one in said if _model(one.row) not in known]),
        "above_threshold": _answered(said, threshold),
        "by_source": {
            source: {
                **share([one.right for one in said if one.row.source == source]),
                "above_threshold": _answered([one for one in said if one.row.source == source], threshold),
            }
            for source in sorted(sources)
        },
        "cars_of_several_photos": {
            **share([one.right for one in pooled]),
            "photo_by_photo": share([one.right for photos in several for one in photos]),
            "above_threshold": _answered(pooled, threshold),
        },
    }


@dataclass(frozen=True)
class _Said:
    """The body that was said of a photo, or of a car."""

    row: ManifestRow
    confidence: float
    right: bool
    log_probs: FloatArray
    label: int


def _model(row: ManifestRow) -> tuple[str, str]:
    return car_key(row.make, row.model)


def _pooled(photos: Sequence[_Said]) -> _Said:
    best = guesses_fuse([likeliest_first(BODIES, one.log_probs) for one in photos])[0]
    return replace(photos[0], confidence=best.confidence, right=best.name == BODIES[photos[0].label])


def _answered(said: Sequence[_Said], threshold: float) -> dict[str, int]:
    """How many a form would fill in, and how many of those are wrong."""
    right = [one.right for one in said if one.confidence >= threshold]
    return {"answered": len(right), "wrong": len(right) - sum(right)}
