"""What the attribute classifier learns from: photos of each split, and how often an epoch shows
what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import Preprocessing
from classifier.attributes import KINDS
from classifier.names import car_key
from classifier.training.data.attribute_labels import BODY, BODY_WORD, HEADS, KIND, VIEW, body_of, labels_of
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import SPLITS, ManifestRow, Split
from classifier.training.data.pictures.crops import UNREADABLE, CropCache
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.data.split import split_of
from classifier.training.progress import Progress

CACHED_LARGER = 1.2
"""Cached photos are larger than what the network sees: training cuts parts out of them."""
ONE_BODY = ("suv", "pickup", "minivan", "van")
"""A model of these is sold as nothing else; what is a sedan here may be a wagon there."""
LEAST_OF_MODEL, ALIKE = 3, 0.9
"""A model lends its body if it has so many photos that say one, and this share of them agrees."""
TAUGHT_FROM = 0.9
"""From this probability on a network's answer is the label of a photo that has none."""
TAUGHT_PER_ANSWER = 500
"""More photos of one view or body are not labelled so: the easy ones would drown the scarce."""


@dataclass(frozen=True)
class Shares:
    """What an epoch shows how often; see epoch_labels."""

    kinds_per_source: int = 900
    """Exteriors of a source that keep the label of their kind."""
    bodies_per_source: int = 3000
    """Exteriors of a source that keep the label of their body."""
    least: tuple[int, int, int] = (1000, 300, 500)
    """Times that each kind, view and body is shown at least …"""
    most_repeats: int = 8
    """… unless a photo would come more often than this."""


@dataclass(frozen=True)
class Photos:
    """The photos of one split, without those that cannot be read."""

    rows: list[ManifestRow]
    photos: CropSet
    """With the labels of the rows, (N, heads)."""

    @property
    def sources(self) -> list[str]:
        """Per photo its manifest, "" if it is no exterior: what epoch_labels limits."""
        return [row.source if row.exterior else "" for row in self.rows]


def attribute_rows(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """Photos whose kind is one of KINDS.

    Pictures of damage are neither whole cars nor details of a sound one.
    """
    return [row for row in rows if (row.kind or "exterior") in KINDS]


def splits_read(
    rows: Sequence[ManifestRow], work_dir: Path, preprocessing: Preprocessing, progress: Progress
) -> dict[Split, Photos]:
    """The photos of train, val and test. Those of train have bodies that are lent to them, too."""
    side = round(preprocessing.input_size * CACHED_LARGER)
    cache = CropCache(work_dir, detector=None, rule=preprocessing.crop, side=side)
    splits = {}
    for split in SPLITS:
        of_split = [row for row in rows if split_of(row) == split]
        crops = cache.crops(of_split, progress)
        read = np.flatnonzero(crops.index != UNREADABLE)
        kept = [of_split[at] for at in read]
        labels = labels_of(bodies_lent(kept) if split == "train" else kept)
        splits[split] = Photos(kept, CropSet(crops.pixels, crops.index[read], labels, preprocessing))
    return splits


def bodies_lent(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """The rows; exteriors without a body have that of their model where it is known and one of
    ONE_BODY.

    Stanford's models are known by their names without the body: an "X5 SUV" lends to an "X5".
    """
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.make and row.model and (body := body_of(row)):
            for model in filter(None, {row.model, " ".join(re.sub(BODY_WORD, " ", row.model).split())}):
                seen[car_key(row.make, model)][body] += 1
    lent = {}
    for car, bodies in seen.items():
        body, photos = bodies.most_common(1)[0]
        if body in ONE_BODY and bodies.total() >= LEAST_OF_MODEL and photos >= ALIKE * bodies.total():
            lent[car] = body
    return [
        replace(row, body=lent.get(car_key(row.make, row.model), ""))
        if row.exterior and row.make and row.model and not row.body and not body_of(row)
        else row
        for row in rows
    ]


def epoch_labels(
    labels: NDArray[np.int64], sources: Sequence[str], shares: Shares
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which photos an epoch shows, as positions in `labels`, and their labels there, (shown, 3).

    Exteriors are easy and many, all else is scarce. So at most some exteriors of each source,
    evenly over its list, keep the label of their kind, and at most some that of their body; and
    photos of a kind, a view or a body that is scarcer than shares.least come again, then with that
    label alone. Photos without any label are left out. sources: see Photos.sources.
    """
    labels = labels.copy()
    for head, most in ((KIND, shares.kinds_per_source), (BODY, shares.bodies_per_source)):
        labels[_beyond(most, sources, labels[:, head] != UNKNOWN), head] = UNKNOWN
    once = np.flatnonzero((labels != UNKNOWN).any(axis=1))
    positions, shown = [once], [labels[once]]
    for head, names in enumerate(HEADS):
        for value in range(len(names)):
            places = np.flatnonzero(labels[:, head] == value)
            again = min(shares.least[head], shares.most_repeats * len(places)) - len(places)
            if again > 0:
                positions.append(np.resize(places, again))
                alone = np.full((again, len(HEADS)), UNKNOWN)
                alone[:, head] = value
                shown.append(alone)
    return np.concatenate(positions), np.concatenate(shown)


def labels_taught(
    labels: NDArray[np.int64], probs: Sequence[NDArray[np.float64]], exterior: NDArray[np.bool_], *, seed: int
) -> NDArray[np.int64]:
    """The labels; exteriors without a view or body have what a network is sure of.

    probs: per head (N, its outputs), calibrated. Of each answer at most TAUGHT_PER_ANSWER photos.
    """
    random = np.random.default_rng(seed)
    taught = labels.copy()
    for head in (VIEW, BODY):
        said, sure = probs[head].argmax(1), probs[head].max(1) >= TAUGHT_FROM
        for value in range(len(HEADS[head])):
            places = np.flatnonzero(exterior & (labels[:, head] == UNKNOWN) & sure & (said == value))
            taught[random.permutation(places)[:TAUGHT_PER_ANSWER], head] = value
    return taught


def _beyond(most: int, sources: Sequence[str], labelled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of labelled photos of which a source has too many, evenly over its list.

    "" is no source.
    """
    beyond: list[int] = []
    for source in sorted(set(sources) - {""}):
        places = [at for at, one in enumerate(sources) if one == source and labelled[at]]
        step = max(1.0, len(places) / most)
        kept = {int(number * step) for number in range(int(len(places) / step))}
        beyond += [at for number, at in enumerate(places) if number not in kept]
    return np.asarray(beyond, dtype=np.int64)
