"""The photos below a folder, and everything else that lies there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from classifier.folder import photos_in
from classifier.training.data.importers.reading import Unread
from classifier.training.data.stages import counted

OWN_MANIFEST = "manifest.csv"
"""What an earlier import left at the top."""
_TOOLS = re.compile(
    r"\..*|@.*|#recycle|#snapshot|__MACOSX|\$RECYCLE\.BIN|System Volume Information|lost\+found"
    r"|Thumbs\.db|desktop\.ini",
    re.IGNORECASE,
)
"""Names of files and folders that systems and tools leave behind; those that begin with a dot are
hidden."""


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
    tree = Tree()
    photos = {photo for photo in photos_in(root) if photo.is_file()}
    left: list[str] = []
    for place, folders, files in os.walk(root):
        here = Path(place)
        left += [str((here / name).relative_to(root)) for name in (*folders, *files) if _TOOLS.fullmatch(name)]
        links = [name for name in folders if (here / name).is_symlink()]
        tree.others += [Unread(str((here / name).relative_to(root)), "a link to a folder") for name in links]
        folders[:] = sorted(name for name in folders if not _TOOLS.fullmatch(name) and name not in links)
        tree.folders += [(here / name).relative_to(root) for name in folders]
        for name in files:
            if not _TOOLS.fullmatch(name) and here / name != root / OWN_MANIFEST:
                _place(tree, here / name, root, photos)
    tree.photos.sort()
    tree.folders.sort()
    tree.others.sort(key=lambda one: one.file)
    if left:
        tree.notes.append(f"passed over as left behind by tools: {counted(len(left), 'name')}, such as {min(left)}")
    return tree


def _place(tree: Tree, file: Path, root: Path, photos: set[Path]) -> None:
    if file not in photos:
        reason = "not a photo by its ending" if file.is_file() else "not a file that is there"
    elif not file.stat().st_size:
        reason = "empty"
    else:
        tree.photos.append(file)
        return
    tree.others.append(Unread(str(file.relative_to(root)), reason))
