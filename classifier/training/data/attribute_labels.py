"""What a manifest says of a photo's attributes: kind, view and body, each a number or nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import TrainedClass
from classifier.attributes import BODIES, KINDS, VIEWS
from classifier.names import name_key
from classifier.training.data.labels import UNKNOWN, label_numbers
from classifier.training.data.manifest import ManifestRow

CLEAR = 0.6
"""A class says its body where at least this share of its photos does."""
HEADS: tuple[tuple[str, ...], ...] = (KINDS, VIEWS, BODIES)
"""The network's outputs, and the columns of its labels, in this order."""
KIND, VIEW, BODY = range(3)

_NAMED = {name: name for name in BODIES} | {
    "suvcrossover": "suv",
    "minivanandmicrovan": "minivan",
    "estate": "wagon",
    "cabriolet": "convertible",
}
"""Name keys of the manifests' column `body`."""
_CABS = "(?:crew|extended|regular|club|quad) cab|supercab"
BODY_WORD = re.compile(rf"\b(?:({'|'.join(BODIES)})|{_CABS})\b", re.IGNORECASE)
"""In a model's name; a cab makes it a pickup."""


def body_of(row: ManifestRow) -> str:
    """One of BODIES: what the column `body` says, else the last body word of the model's name.

    Stanford's have them: "E-Series Wagon Van" is a van. "" where neither says, or the photo shows
    no car from outside.
    """
    if not row.exterior:
        return ""
    if row.body:
        return _NAMED.get(name_key(row.body), "")
    words = list(BODY_WORD.finditer(row.model))
    if not words:
        return ""
    return (words[-1][1] or "pickup").lower()


def labels_of(rows: Sequence[ManifestRow]) -> NDArray[np.int64]:
    """(N, 3): the numbers of kind, view and body; UNKNOWN where the row does not say."""
    said = [(row.kind or "exterior", row.view if row.exterior else "", body_of(row)) for row in rows]
    numbers = [
        [names.index(one) if one in names else UNKNOWN for one, names in zip(three, HEADS, strict=True)]
        for three in said
    ]
    return np.asarray(numbers, dtype=np.int64).reshape(len(rows), len(HEADS))


def mirrored(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels of the mirrored photos: front-left becomes front-right, all else stays."""
    ends = {"left": "right", "right": "left"}
    swapped = ["-".join(ends.get(word, word) for word in view.split("-")) for view in VIEWS]
    other = np.asarray([*map(VIEWS.index, swapped), UNKNOWN])  # UNKNOWN means the last place, and so stays
    changed = labels.copy()
    changed[:, VIEW] = other[labels[:, VIEW]]
    return changed


def class_bodies_of(rows: Sequence[ManifestRow], classes: Sequence[TrainedClass]) -> tuple[str, ...]:
    """Per class the body that most of its rows have, "" where that is not clear; () if no row
    says."""
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for row, label in zip(rows, label_numbers(rows, classes), strict=True):
        if label != UNKNOWN and (body := body_of(row)):
            seen[label][body] += 1
    found = []
    for number in range(len(classes)):
        body, photos = seen[number].most_common(1)[0] if seen[number] else ("", 0)
        found.append(body if photos and photos >= CLEAR * seen[number].total() else "")
    return tuple(found) if any(found) else ()
