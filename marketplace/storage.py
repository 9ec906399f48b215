"""Stored files are whole or not there, also when the disk fills up or the power fails."""

import errno
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage

from classifier.durable import file_write

FULL = (errno.ENOSPC, errno.EDQUOT)


class StoreAway(OSError):
    """The store that several machines share does not answer, or refuses."""


class DurableStorage(FileSystemStorage):
    """Files on this disk, written beside their place, synced and renamed.

    Django's own storage writes them in their place: a full disk leaves a half, which no row names.
    """

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        self._folder_make(path.parent)
        content.seek(0)
        file_write(path, b"".join(content.chunks()), mode=self.file_permissions_mode)
        return name.replace("\\", "/")

    def _folder_make(self, folder: Path) -> None:
        folder.mkdir(mode=self.directory_permissions_mode or 0o777, parents=True, exist_ok=True)


def disk_has_room() -> bool:
    """Whether more than DISK_RESERVE_MB are free for media.

    The rest is for the database, which must still write what was decided, and for removing things.
    A store is not asked: it says itself what it does not take. Raises OSError if the folder cannot
    be made or looked at.
    """
    if not isinstance(default_storage, FileSystemStorage):
        return True
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free > settings.DISK_RESERVE_MB * 2**20


def is_storage_outage(error: BaseException) -> bool:
    """Whether this error says that there is no space or quota left, or that the store is away."""
    return isinstance(error, StoreAway) or (isinstance(error, OSError) and error.errno in FULL)
