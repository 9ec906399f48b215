"""Which split a car is in: a pure function of its id, which no further data changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from classifier.training.data.manifest import SPLITS, ManifestRow, Split

TRAIN_SHARE, VAL_SHARE = 0.70, 0.15


def _fraction(vehicle: str, purpose: str) -> float:
    digest = hashlib.sha256(f"{purpose}:{vehicle}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def vehicle_split(vehicle: str) -> Split:
    """70 % train, 15 % val, 15 % test."""
    at = _fraction(vehicle, "split")
    if at < TRAIN_SHARE:
        return "train"
    return "val" if at < TRAIN_SHARE + VAL_SHARE else "test"


def split_of(row: ManifestRow) -> Split:
    """What the manifest says, else vehicle_split.

    Manifests often have only train and val, so half of the val cars (again a pure function of the
    id) are test: confidence and thresholds are fitted on the one half and measured on the other.
    "calibrate" is val undivided.
    """
    if row.split == "train":
        return "train"
    if row.split == "test":
        return "test"
    if row.split == "calibrate":
        return "val"
    if row.split == "val":
        return "val" if _fraction(row.vehicle, "half") < 0.5 else "test"
    # By the id as its owner gave it: a manifest's folder may be renamed, its rows copied.
    return vehicle_split(row.vehicle.removeprefix(f"{row.source}/"))


def settled(row: ManifestRow) -> ManifestRow:
    """The row with its split written down: it keeps it under another id, in another manifest."""
    split = split_of(row)
    return replace(row, split="calibrate" if split == "val" else split)


def held_apart(rows: Sequence[ManifestRow], digests: Sequence[bytes | None] | None = None) -> list[ManifestRow]:
    """The rows without held-out photos whose very file is also there to be learned from.

    A car that is advertised again, or is in two manifests, has two ids and may fall into two
    splits. The one that is learned from first keeps its photo: else the figures would praise what
    was learned by heart. Files that cannot be read stay, and whoever reads them reports them.
    digests: the files' sha256 where they are known already, None for those that cannot be read.
    """
    first: dict[bytes, int] = {}
    order = [SPLITS.index(split_of(row)) for row in rows]
    digests = [_digest(row.path) for row in rows] if digests is None else digests
    for row, digest, place in zip(rows, digests, order, strict=True):
        if digest is not None and row.exterior and row.make:  # all that is ever learned from
            first[digest] = min(first.get(digest, place), place)
    return [
        row
        for row, digest, place in zip(rows, digests, order, strict=True)
        if digest is None or place <= first.get(digest, place)
    ]


def _digest(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None
