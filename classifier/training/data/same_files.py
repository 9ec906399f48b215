"""Photos that are there twice: the same bytes, or the same picture."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import ManifestRow

PART = 4096
"""Bytes from a file's middle that tell most files of one size apart."""


def same_files(paths: Sequence[Path]) -> list[list[int]]:
    """Positions of files with the same content, in groups of two or more.

    Files that cannot be read are in none. Only files of one size are opened, and only those alike
    in the middle are read.
    """
    groups = [list(range(len(paths)))]
    for key in (_size, _middle, _digest):
        groups = [alike for group in groups for alike in _alike(group, paths, key)]
    return groups


def _alike(group: Iterable[int], paths: Sequence[Path], key: Callable[[Path], Hashable]) -> list[list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for at in group:
        try:
            found[key(paths[at])].append(at)
        except OSError:
            continue  # training says so
    return [alike for alike in found.values() if len(alike) > 1]


def two_labels(rows: Sequence[ManifestRow]) -> list[list[int]]:
    """Groups of positions of rows of the same file whose labels contradict each other."""
    return [group for group in same_files([row.path for row in rows]) if contradictory([rows[at] for at in group])]


def contradictory(rows: Sequence[ManifestRow], *, makes_only: bool = False) -> bool:
    """Whether two of these rows cannot both be right of one photo."""
    distinct = list({(row.make, row.model, row.year): row for row in rows}.values())
    return any(
        contradicts(one, other, makes_only=makes_only)
        for at, one in enumerate(distinct)
        for other in distinct[at + 1 :]
    )


def _size(path: Path) -> int:
    return path.stat().st_size


def _middle(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, (path.stat().st_size - PART) // 2))
        return file.read(PART)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
