"""Remembered photos and those at hand: which of two records of one photo counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.training.data.labels import class_key
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.memory.remembered import Memory, RememberedPhoto, photo_digest
from classifier.training.data.split import split_of
from classifier.training.data.stages import counted


@dataclass(frozen=True)
class Met:
    """What there is to learn, and what is remembered beside it; no photo is in both."""

    rows: list[ManifestRow]
    """Photos that are not remembered, or that have another label now."""
    digests: list[str]
    """sha256 of the rows' photos; "" of a photo that cannot be read."""
    memory: Memory
    relabelled: list[RememberedPhoto]
    """What was remembered of photos that have another label now."""
    known: int
    """Rows that are remembered as they are."""
    apart: int
    """Rows whose photo is remembered on the other side of the split, where it stays."""

    @property
    def words(self) -> str:
        """One line."""
        said = f"{counted(len(self.memory.photos), 'photo')} remembered, {counted(len(self.rows), 'photo')} new"
        if self.relabelled:
            said += f", of which {len(self.relabelled):,} were remembered as another car"
        if self.apart:
            said += f"; {counted(self.apart, 'photo')} left out that the model was taught or is tested with already"
        return said


def meet(memory: Memory, rows: Sequence[ManifestRow], digests: Sequence[str]) -> Met:
    """Compare photos at hand with those remembered; the label at hand is the newer one.

    digests: sha256 of the rows' photos, "" of one that cannot be read.
    """
    remembered = {one.digest: one for one in memory.photos}
    kept: list[tuple[ManifestRow, str]] = []
    relabelled: dict[str, RememberedPhoto] = {}
    known = apart = 0
    for row, sha256 in zip(rows, digests, strict=True):
        photo = remembered.get(photo_digest(sha256))
        if photo is None:
            kept.append((row, sha256))
        elif photo.split != split_of(row):
            apart += 1
        elif class_key(row.make, row.model, row.year) == class_key(photo.make, photo.model, photo.year):
            known += 1
        else:
            kept.append((row, sha256))
            relabelled[photo.digest] = photo
    return Met(
        rows=[row for row, _ in kept],
        digests=[sha256 for _, sha256 in kept],
        memory=memory.without(relabelled),
        relabelled=list(relabelled.values()),
        known=known,
        apart=apart,
    )
