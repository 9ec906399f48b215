"""Where a site's files lie, on this machine or in its store, and how they are walked and copied."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, default_storage, storages

CHUNK = 2**20


@dataclass(frozen=True)
class Place:
    """One kind of files, and its folder in a backup."""

    name: str
    storage: Storage
    left_out: tuple[str, ...] = ()
    """Names at the top that are no part of it."""

    def files(self) -> Iterator[str]:
        """The names of all files, without those that are just being written. Raises OSError."""
        yield from self._below("")

    def _below(self, folder: str) -> Iterator[str]:
        try:
            folders, files = self.storage.listdir(folder)
        except FileNotFoundError:
            return
        prefix = f"{folder}/" if folder else ""
        yield from sorted(
            prefix + name for name in files if name and not name.startswith(".") and prefix + name not in self.left_out
        )
        for name in sorted(folders):
            if not name.startswith(".") and prefix + name not in self.left_out:
                yield from self._below(prefix + name)

    def copy_to(self, name: str, path: Path) -> str:
        """Copy a file out; its sha256. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with self.storage.open(name) as file, path.open("wb") as copy:
            for chunk in file.chunks(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        return digest.hexdigest()

    def copy_from(self, path: Path, name: str) -> None:
        """Copy a file in, under exactly this name. Raises OSError."""
        if isinstance(self.storage, FileSystemStorage):
            target = Path(self.storage.path(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            return
        with path.open("rb") as file:
            self.storage.save(name, File(file))


def places() -> list[Place]:
    """Photos, artefacts and the runs of trainings; what is made anew is no part of it."""
    return [
        Place("media", default_storage),
        Place("artefacts", _shared_or_here("artefacts", Path(settings.ARTEFACTS_DIR))),
        Place("runs", _shared_or_here("runs", Path(settings.RUNS_DIR)), left_out=("work", "tune", "lock")),
    ]


def _shared_or_here(name: str, folder: Path) -> Storage:
    return storages[name] if name in storages.backends else FileSystemStorage(location=folder)
