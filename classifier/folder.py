"""The photos in a folder and below it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from classifier.formats import EXTENSIONS

# What file managers, network drives, archives and systems leave behind; compared in lower case.
# Everything that begins with a dot is hidden and counts as well: .git, .ipynb_checkpoints,
# .thumbnails, .DS_Store, and the ._x.jpg that macOS writes beside x.jpg on foreign drives.
_SERVICE_NAMES = frozenset(
    {
        "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "__macosx", "__pycache__",
        "$recycle.bin", "recycled", "recycler", "system volume information", "lost+found", "lost.dir",
        "network trash folder", "temporary items", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini",
    }
)  # fmt: skip


class NotTaken(NamedTuple):
    """A file that is named like a photo, or a folder, that was passed over."""

    path: Path
    reason: str


@dataclass
class FolderContents:
    """What lies in a folder and below it. Each list is sorted."""

    photos: list[Path] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)
    """Named like photos but not taken, and folders that were not entered. What lies in a service
    folder is not listed."""
    others: list[Path] = field(default_factory=list)
    """Files with the extension of no photo. Hidden and service files are not listed."""
    folders: list[Path] = field(default_factory=list)
    """Every folder below that was entered."""
    passed_over: list[Path] = field(default_factory=list)
    """Hidden and service files and folders. Nothing below them is listed."""


def photos_in(folder: Path) -> list[Path]:
    """The photos in a folder and below it, sorted; see folder_read."""
    return folder_read(folder).photos


def is_service_name(name: str) -> bool:
    """Whether a file or folder of this name is hidden or some tool's own, and so no one's photo."""
    return name.startswith(".") or name.lower() in _SERVICE_NAMES


def folder_read(folder: Path) -> FolderContents:
    """Sort the files in a folder and below it by whether they are photos; none of them is opened.

    A photo is a plain file with an extension of formats.EXTENSIONS, in any case, that is neither
    hidden nor below a service folder.

    Links to photos are taken, wherever they lead: people arrange classes with them, and git-annex
    and DVC keep every photo behind one. Two links are not: to a photo that is in the folder anyway,
    which would count twice, and to anything but a plain file, which might block whoever reads it.
    Links to folders are not followed: they may lead round in circles or bring in half a disk.

    Raises NotADirectoryError if it is no folder, and OSError if it cannot be read. A folder below
    that cannot be read is in not_taken.
    """
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(folder))
    found = FolderContents()
    links: list[Path] = []

    def unreadable(error: OSError) -> None:
        if error.filename == str(folder):
            raise error
        found.not_taken.append(NotTaken(Path(error.filename), f"a folder that cannot be read: {error.strerror}"))

    for place, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(place)
        found.passed_over += [here / name for name in (*folders, *files) if is_service_name(name)]
        folders[:] = [name for name in folders if not is_service_name(name)]
        for name in folders:
            if (here / name).is_symlink():
                found.not_taken.append(NotTaken(here / name, "a link to a folder"))
            else:
                found.folders.append(here / name)
        for name in files:
            _sort_file(here / name, found, links)
    _links_add(folder, found, links)
    for one in (found.photos, found.others, found.folders, found.passed_over):
        one.sort()
    found.not_taken.sort()
    return found


def _sort_file(path: Path, found: FolderContents, links: list[Path]) -> None:
    """Put one file into the list that it belongs to."""
    service = is_service_name(path.name)
    if path.suffix.lower() not in EXTENSIONS:
        if not service:
            found.others.append(path)
    elif service:
        found.not_taken.append(NotTaken(path, "a hidden file"))
    elif (mode := _mode(path)) is None:
        found.not_taken.append(NotTaken(path, "a link to nothing"))
    elif not stat.S_ISREG(mode):
        found.not_taken.append(NotTaken(path, "not a plain file"))
    else:
        (links if path.is_symlink() else found.photos).append(path)


def _mode(path: Path) -> int | None:
    """The kind of file behind all links; None if these lead nowhere or in a circle."""
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _links_add(folder: Path, found: FolderContents, links: list[Path]) -> None:
    """Add the links to photos that are not in the folder themselves."""
    if not links:
        return
    root = folder.resolve()
    real = {root / path.relative_to(folder) for path in found.photos}
    for link in links:
        if link.resolve() in real:
            found.not_taken.append(NotTaken(link, "a link to a photo of the same folder"))
        else:
            found.photos.append(link)
