"""The photos below a folder."""

from __future__ import annotations

import errno
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".mpo"}


def photos_in(folder: Path) -> list[Path]:
    """The folder's photos, by name; also those in folders below it. Raises NotADirectoryError if it is none."""
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(folder))
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
