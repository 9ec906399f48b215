"""Which photos a bounded memory keeps."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.names import car_key
from classifier.preprocess import FloatArray
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.memory.remembered import Memory, RememberedPhoto
from classifier.training.data.split import split_of

LIMIT = 40 * 10**6
"""Bytes of a memory: 15,000 photos of two EfficientNets."""
OF_PHOTO = 48
"""Bytes that a photo takes besides its features."""
HELD_OUT_SHARE = 0.4
"""Of the photos, that held-out ones may take at most."""


def photos_most(width: int) -> int:
    """How many photos of `width` features fit into LIMIT."""
    return LIMIT // (width + OF_PHOTO)


def memory_bounded(memory: Memory, *, most: int | None = None) -> Memory:
    """At most `most` photos, or what LIMIT allows.

    Photos to learn from go where a car has most of them from one source, and of these those without
    which the mean of the others hardly changes (herding, arXiv:1611.07725). Held-out photos go by
    chance alone, so that what is measured on those that stay means the same as before.
    """
    most = photos_most(memory.width) if most is None else most
    if len(memory.photos) <= most:
        return memory
    groups: list[Hashable] = [_group(one) for one in memory.photos]
    ranks = np.asarray([_by_chance(one.digest) for one in memory.photos])
    train = np.asarray([one.split == "train" for one in memory.photos])
    ranks[train] = _herding_ranks(memory.of("train"))
    return memory.kept(_within(groups, ranks, train, most))


def rows_bounded(rows: Sequence[ManifestRow], *, most: int) -> list[ManifestRow]:
    """At most `most` rows of photos that nobody has looked at: as memory_bounded, but by chance."""
    if len(rows) <= most:
        return list(rows)
    groups: list[Hashable] = [(car_key(one.make, one.model), one.source, split_of(one)) for one in rows]
    ranks = np.asarray([_by_chance(one.file) for one in rows])
    kept = _within(groups, ranks, np.asarray([split_of(one) == "train" for one in rows]), most)
    return [row for row, keep in zip(rows, kept, strict=True) if keep]


def herding_order(features: FloatArray) -> list[int]:
    """(N, D) → the N places, in an order in which every beginning has nearly the mean of all."""
    alike = features @ features.T
    wanted, own = alike.mean(axis=1), alike.diagonal()
    sum_of_chosen = np.zeros(len(features), dtype=np.float64)
    left = np.ones(len(features), dtype=bool)
    order: list[int] = []
    for chosen in range(1, len(features) + 1):
        distance = own + 2 * (sum_of_chosen - chosen * wanted)  # of the new sum to `chosen` times the mean
        best = int(np.where(left, distance, np.inf).argmin())
        order.append(best)
        left[best] = False
        sum_of_chosen += alike[best]
    return order


def _within(
    groups: Sequence[Hashable], ranks: NDArray[np.float64], train: NDArray[np.bool_], most: int
) -> list[bool]:  # fmt: skip
    """The larger groups are cut to one length, those to learn from and those held out apart."""
    held_out = min(int((~train).sum()), int(most * HELD_OUT_SHARE))
    kept = np.zeros(len(groups), dtype=bool)
    for side, room in ((train, most - held_out), (~train, held_out)):
        places = np.flatnonzero(side)
        by_group: dict[Hashable, list[int]] = defaultdict(list)
        for at in places[np.argsort(ranks[places], kind="stable")]:
            by_group[groups[at]].append(int(at))
        length = _level([len(some) for some in by_group.values()], room)
        for some in by_group.values():
            kept[some[:length]] = True
    return [bool(one) for one in kept]


def _level(sizes: Sequence[int], room: int) -> int:
    """The largest length to which groups can be cut so that all fit into the room; at least 1."""
    counts = Counter(sizes)
    taken, groups = 0, len(sizes)
    for length in range(1, max(sizes, default=0) + 1):
        taken += groups
        if taken > room:
            return max(1, length - 1)
        groups -= counts[length]
    return max(sizes, default=1)


def _group(one: RememberedPhoto) -> Hashable:
    return car_key(one.make, one.model), one.source, one.split


def _by_chance(name: str) -> float:
    digest = hashlib.sha256(f"memory:{name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _herding_ranks(train: Memory) -> NDArray[np.float64]:
    """Per photo its place in its group's herding order."""
    features = train.packed.unpacked()
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for at, one in enumerate(train.photos):
        groups[_group(one)].append(at)
    ranks = np.zeros(len(train.photos), dtype=np.float64)
    for places in groups.values():
        ranks[np.asarray(places)[herding_order(features[places])]] = np.arange(len(places))
    return ranks
