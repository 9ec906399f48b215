"""Files and folders that are written completely or not at all, also when the power fails."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, AnyStr


def file_write(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write or replace a file. Whoever opens it finds the old content or the new one, never a part.

    mode: its permissions; None = the usual ones. Raises OSError, and leaves nothing behind.
    """
    with file_beside(path, mode=mode) as file:
        file.write(content)


def file_beside(path: Path, *, mode: int | None = None) -> AbstractContextManager[IO[bytes]]:
    """A file to write to, which takes its place as ``path`` when the block ends without an error.

    Else nothing is left of it, and what was there before stays. mode: as for file_write.
    """
    return _beside(path, mode, lambda beside: beside.open("w+b"))


def text_beside(
    path: Path, *, newline: str | None = None, errors: str = "strict", mode: int | None = None
) -> AbstractContextManager[IO[str]]:
    """As file_beside, for text in UTF-8; newline and errors as for open()."""
    return _beside(path, mode, lambda beside: beside.open("w", encoding="utf-8", newline=newline, errors=errors))


@contextmanager
def _beside(path: Path, mode: int | None, opened: Callable[[Path], IO[AnyStr]]) -> Iterator[IO[AnyStr]]:
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with opened(beside) as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)  # before a secret is in it
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
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
