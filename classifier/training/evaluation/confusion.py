"""Which cars are taken for which: tables, the worst pairs, and which of them to merge."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.artefact import TrainedClass
from classifier.names import name_key
from classifier.training.evaluation.scored_photo import ScoredPhoto

NO_ANSWER, ANOTHER = "no answer", "another"
MERGE_SHARE = 0.25
"""Two classes of which a quarter is taken for the other are hardly two to the network."""
YEAR = re.compile(r"((19|20)\d\d)?")
"""Years that a table can say."""
MERGE_MISTAKES, MERGE_PHOTOS = 3, 5
"""Fewer mistakes, or photos of either class, are chance."""


@dataclass(frozen=True)
class Confusion:
    """How many photos of each label got each answer."""

    labels: tuple[str, ...]
    answers: tuple[str, ...]
    """The labels and what else they were taken for, then ANOTHER and NO_ANSWER."""
    counts: tuple[tuple[int, ...], ...]
    """Shape (labels, answers)."""
    left_out: int
    """Names, of labels or answers, that are not shown."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "labels": list(self.labels), "answers": list(self.answers),
            "counts": [list(row) for row in self.counts], "left_out": self.left_out,
        }  # fmt: skip


def confusion_of(said: Iterable[tuple[str, str]], *, most: int) -> Confusion:
    """Count (label, answer) pairs; an empty answer is none.

    Of more than `most` names the most mistaken are shown.
    """
    counted = Counter(said)
    mistakes: Counter[str] = Counter()
    for (label, answer), photos in counted.items():
        mistakes[label] += photos if label != answer else 0
        if answer and label != answer:
            mistakes[answer] += photos
    occurring = {name for pair in counted for name in pair if name}
    worst = sorted(occurring, key=lambda name: (-mistakes[name], name))[:most]
    names = sorted(worst, key=str.casefold)
    labels = tuple(name for name in names if any(name == label for label, _ in counted))
    row, column = ({name: at for at, name in enumerate(some)} for some in (labels, names))
    table = [[0] * (len(names) + 2) for _ in labels]
    for (label, answer), photos in counted.items():
        if label in row:
            table[row[label]][column.get(answer, len(names)) if answer else len(names) + 1] += photos
    return Confusion(
        labels, (*names, ANOTHER, NO_ANSWER), tuple(tuple(cells) for cells in table), len(occurring) - len(names)
    )


@dataclass(frozen=True)
class Pair:
    """Indices of two trained classes that are taken for one another; `one` has more photos."""

    one: int
    other: int
    photos: tuple[int, int]
    """Of the one and of the other."""
    mistaken: tuple[int, int]
    """Photos of the one that were taken for the other, and the other way round."""

    @property
    def mistakes(self) -> int:
        """Both ways."""
        return sum(self.mistaken)

    @property
    def share(self) -> float:
        """The mean of the two shares that were mistaken: 0.5 where a toss would do as well."""
        shares = [taken / of for taken, of in zip(self.mistaken, self.photos, strict=True) if of]
        return sum(shares) / len(shares)


def pairs_of(scored: Sequence[ScoredPhoto]) -> list[Pair]:
    """Every pair of classes with a mistake between them, over known photos.

    Most mistakes first, then largest share.
    """
    known = [one for one in scored if one.known and one.truth >= 0]
    photos = Counter(one.truth for one in known)
    # A known model of a year that no class has is wrong in its own class: no confusion.
    mistaken = Counter((o.truth, o.predicted) for o in known if not o.top1 and o.predicted not in (-1, o.truth))
    met = {(min(pair), max(pair)) for pair in mistaken}
    pairs = []
    for low, high in met:
        one, other = (low, high) if photos[low] >= photos[high] else (high, low)
        pairs.append(Pair(one, other, (photos[one], photos[other]), (mistaken[one, other], mistaken[other, one])))
    return sorted(pairs, key=lambda pair: (-pair.mistakes, -pair.share, pair.one, pair.other))


@dataclass(frozen=True)
class Merge:
    """A suggestion: keep `into`, and teach the photos of `other` as it."""

    pair: Pair
    into: TrainedClass
    other: TrainedClass

    @property
    def why_not(self) -> str:
        """Why this merge is left to a person; "" if the table says it."""
        if name_key(self.into.make) != name_key(self.other.make):
            return "different makes: look at the labels first"
        if not all(YEAR.fullmatch(one.years) for one in (self.into, self.other)):
            return "a span of years, which a table cannot say"
        return ""

    @property
    def entries(self) -> tuple[str, list[str]]:
        """What the table calls both from now on, and what it called them.

        A class of one year loses it: else its photos would stay a class of their own, or get a year
        that is not theirs.
        """
        taken = [_table_name(self.other, self.other.years)]
        if self.into.years:
            taken.append(_table_name(self.into, self.into.years))
        return _table_name(self.into, ""), taken

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "into": class_name(self.into), "other": class_name(self.other), "share": round(self.pair.share, 4),
            "mistakes": self.pair.mistakes, "photos": sum(self.pair.photos), "why_not": self.why_not,
        }  # fmt: skip


def merges_of(pairs: Sequence[Pair], classes: Sequence[TrainedClass]) -> list[Merge]:
    """Which pairs to merge, most confused first.

    A class goes into another only once, and none goes on from there. Merged is what had the fewer
    photos. Chains ("A is B, B is C") are left to the next training's report, which sees whether
    what is left is still confused.
    """
    merges: list[Merge] = []
    kept: set[int] = set()
    gone: set[int] = set()
    for pair in sorted(pairs, key=lambda pair: (-pair.share, -pair.mistakes, pair.one, pair.other)):
        enough = pair.mistakes >= MERGE_MISTAKES and min(pair.photos) >= MERGE_PHOTOS
        if pair.share < MERGE_SHARE or not enough or pair.one in gone or pair.other in gone | kept:
            continue
        merges.append(Merge(pair, classes[pair.one], classes[pair.other]))
        kept.add(pair.one)
        gone.add(pair.other)
    return merges


def merge_table(merges: Sequence[Merge]) -> dict[str, Any]:
    """The suggestions that a table of models can say, in the form in which merge tables are read.

    {"dropped": [], "merge_into": {"bmw_x5": ["bmw_x6"]}}: names in small letters, make, model and
    year joined by underscores, with dashes for spaces.
    """
    into: dict[str, set[str]] = defaultdict(set)
    for merge in merges:
        if not merge.why_not:
            name, taken = merge.entries
            into[name].update(taken)
    return {"dropped": [], "merge_into": {name: sorted(taken) for name, taken in sorted(into.items())}}


def class_name(one: TrainedClass) -> str:
    """As people say it."""
    return " ".join(part for part in (one.make, one.model, one.years) if part)


def _table_name(one: TrainedClass, year: str) -> str:
    parts = [name for name in (one.make, one.model, year) if name]
    return "_".join("-".join(name.casefold().split()).replace("_", "-") for name in parts)
