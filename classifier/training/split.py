"""Which side of the split a car stands on: a pure function of its id, so it never changes when data is added."""

from __future__ import annotations

import hashlib
from typing import Literal

from classifier.training.manifest import ManifestRow

Side = Literal["train", "val", "test"]
TRAIN_SHARE, VAL_SHARE = 0.70, 0.15


def _fraction(vehicle: str, purpose: str) -> float:
    digest = hashlib.sha256(f"{purpose}:{vehicle}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def vehicle_side(vehicle: str) -> Side:
    """70 % train, 15 % val, 15 % test."""
    at = _fraction(vehicle, "split")
    if at < TRAIN_SHARE:
        return "train"
    return "val" if at < TRAIN_SHARE + VAL_SHARE else "test"


def side_of(row: ManifestRow) -> Side:
    """What the manifest says, else vehicle_side.

    Where a manifest has only train and val, half of the val cars (again a pure function of the id) are test: confidence
    and thresholds are fitted on the one half and measured on the other.
    """
    if row.split == "train":
        return "train"
    if row.split == "test":
        return "test"
    if row.split == "val":
        return "val" if _fraction(row.vehicle, "half") < 0.5 else "test"
    # By the id as its owner gave it: a manifest's folder may be renamed or its rows copied into another one.
    return vehicle_side(row.vehicle.removeprefix(f"{row.source}/"))
