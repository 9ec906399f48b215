"""Files and folders that are written completely or not at all, also when the power fails."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def file_write(path: Path, content: bytes) -> None:
    """Write or replace a file. Whoever opens it finds the old content or the new one, never a part.

    Raises OSError.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write_synced(beside, content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def folder_write(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Write a new folder with these files; nobody ever sees it half filled.

    False if another process wrote it first. Its parent is made if it is missing. Raises OSError.
    """
    parent = folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    try:
        for name, content in files.items():
            _write_synced(beside / name, content)
        beside.chmod(0o755)  # mkdtemp's folders are for their owner alone
        _sync_folder(beside)
        try:
            beside.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            return False
        _sync_folder(parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return True


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
