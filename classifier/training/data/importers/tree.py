"""The photos below a folder, and everything else that lies there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from classifier.folder import folder_read
from classifier.training.data.importers.reading import Unread
from classifier.training.data.stages import counted

OWN_MANIFEST = "manifest.csv"
"""What an earlier import left at the top."""


@dataclass
class Tree:
    """A data set's folder."""

    photos: list[Path] = field(default_factory=list)
    """Sorted; none of them is empty."""
    folders: list[Path] = field(default_factory=list)
    """Sorted, relative to the top."""
    others: list[Unread] = field(default_factory=list)
    """What is no photo, with the reason; names relative to the top."""
    notes: list[str] = field(default_factory=list)


def tree_read(root: Path) -> Tree:
    """Look through a folder. What tools left behind is counted in a note, all else is named."""
    found = folder_read(root)
    left = [str(path.relative_to(root)) for path in found.passed_over]
    empty = {photo for photo in found.photos if not photo.stat().st_size}
    reasons = {one.path: one.reason for one in found.not_taken} | dict.fromkeys(empty, "empty")
    reasons |= dict.fromkeys(found.others, "not a photo by its ending")
    for path in (*found.passed_over, root / OWN_MANIFEST):
        reasons.pop(path, None)
    notes = [f"passed over as left behind by tools: {counted(len(left), 'name')}, such as {min(left)}"] if left else []
    return Tree(
        photos=[photo for photo in found.photos if photo not in empty],
        folders=[path.relative_to(root) for path in found.folders],
        others=[Unread(str(path.relative_to(root)), reason) for path, reason in sorted(reasons.items())],
        notes=notes,
    )
