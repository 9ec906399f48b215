"""Square pictures of one size in one file, with an index; bounded, and made anew when damaged.

The index is written after the pictures that it names, so a killed run loses only what it had not
named yet.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.training.errors import TrainError
from classifier.training.progress import Progress

UNREADABLE = -1
FOLDERS = "crops-*"
"""Where stores lie beside each other."""


class CropStore:
    """Pictures by the sha256 of their photos."""

    def __init__(self, folder: Path, *, side: int, about: Mapping[str, Any]) -> None:
        """side: of the pictures, in pixels. about: how they were cut, for the index."""
        self.folder = folder
        self.record = side * side * 3
        """Bytes of a picture."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._side, self._about = side, dict(about)
        self._known: dict[str, tuple[int, bool]] = {}
        """sha256 → (position or UNREADABLE, vehicle found), the longest unused first."""
        self._count = 0
        self._read = False
        self._used: set[str] = set()
        """What this run has asked for."""

    @property
    def _index_file(self) -> Path:
        return self.folder / "index.json"

    @property
    def _data_file(self) -> Path:
        return self.folder / "pixels.bin"

    @property
    def used_bytes(self) -> int:
        """What the photos that this run has asked for take."""
        return len(self._used) * self.record

    def use(self, digests: Sequence[str], progress: Progress) -> list[str]:
        """Note that this run needs them; those that are not here yet."""
        if not self._read:
            self._load(progress)
        self._used.update(digests)
        for digest in digests:
            if digest in self._known:
                self._known[digest] = self._known.pop(digest)  # so that it stands last, as used last
        return [digest for digest in dict.fromkeys(digests) if digest not in self._known]

    def place(self, digest: str) -> tuple[int, bool]:
        """Position of a photo's picture, or UNREADABLE, and whether a car was found on it."""
        return self._known.get(digest, (UNREADABLE, False))

    def pixels(self) -> NDArray[np.uint8]:
        """All pictures, (stored, side, side, 3), mapped from the disk."""
        shape = (self._count, self._side, self._side, 3)
        if not self._count:
            return np.zeros(shape, dtype=np.uint8)
        return np.memmap(self._data_file, dtype=np.uint8, mode="r", shape=shape)

    @contextmanager
    def appended(self) -> Iterator[IO[bytes]]:
        """Open the pictures' file for `append` and `flush`; at the end it is flushed."""
        mode = "r+b" if self._data_file.exists() else "w+b"
        with self._data_file.open(mode) as data:
            # What a killed run wrote after its last saved index is not known: write over it.
            data.truncate(self._count * self.record)
            data.seek(0, os.SEEK_END)
            yield data
            self.flush(data)

    def append(self, data: IO[bytes], digest: str, picture: Image.Image | None, *, found: bool) -> None:
        """Add a photo's picture; None: it cannot be read."""
        if picture is None:
            self._known[digest] = (UNREADABLE, False)
            return
        data.write(np.asarray(picture, dtype=np.uint8).tobytes())
        self._known[digest] = (self._count, found)
        self._count += 1

    def flush(self, data: IO[bytes]) -> None:
        """What was appended is there after a power cut."""
        data.flush()
        # Before the index says so: what it names has to be there.
        os.fsync(data.fileno())
        self.save()

    def save(self) -> None:
        """Write the index."""
        beside = self._index_file.with_suffix(".new")
        content = {"count": self._count, **self._about, "photos": self._known}
        beside.write_text(json.dumps(content), encoding="ascii")
        beside.replace(self._index_file)

    def make_room(self, new: int, *, limit: int, progress: Progress) -> None:
        """Remove what was unused the longest until `new` more pictures fit.

        limit: bytes for this and all other stores beside it. Raises TrainError if the disk is full
        all the same.
        """
        needed = new * self.record
        for other in self._others():
            taken = self._taken([self.folder, *self._others()]) + needed
            if taken <= limit and needed <= shutil.disk_usage(self.folder).free:
                return
            progress.say(f"{other.name} was unused the longest and is removed: {_room(taken, limit)}")
            shutil.rmtree(other)
        taken = self._taken([self.folder]) + needed
        spare = max(0, -(-(taken - limit) // self.record))
        unused = [digest for digest, (at, _) in self._known.items() if digest not in self._used and at != UNREADABLE]
        if spare and unused:
            gone = min(spare, len(unused))
            progress.say(f"{gone} pictures unused the longest are removed: {_room(taken, limit)}")
            self._forget(set(unused[:spare]))
        if needed > shutil.disk_usage(self.folder).free:
            raise self._full(new)

    @contextmanager
    def full_disk_told(self, new: int) -> Iterator[None]:
        """Raise TrainError for a full disk, while `new` pictures are added."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._full(new) from error

    def _load(self, progress: Progress) -> None:
        self._read = True
        try:
            saved = json.loads(self._index_file.read_text(encoding="ascii"))
            count = int(saved["count"])
            known = {str(key): (int(at), bool(found)) for key, (at, found) in saved["photos"].items()}
            there = self._data_file.stat().st_size if count else 0
            if there < count * self.record:
                raise ValueError(f"{count} pictures are named, {there // self.record} are there")
            if any(not UNREADABLE <= at < count for at, _ in known.values()):
                raise ValueError("it names pictures that are not there")
        except FileNotFoundError:
            if not self._index_file.exists():
                return  # a new one, or one that was killed before it first saved
            self._start_anew("the pictures are missing", progress)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._start_anew(" ".join(str(error).split())[:120], progress)
        else:
            self._count, self._known = count, known

    def _start_anew(self, why: str, progress: Progress) -> None:
        progress.say(f"{self.folder} is damaged ({why}): its photos are cut again")
        for file in (self._index_file, self._data_file):
            file.unlink(missing_ok=True)

    def _others(self) -> list[Path]:
        """Stores in the same folder, the longest unused first."""
        found = [path for path in self.folder.parent.glob(FOLDERS) if path.is_dir() and path != self.folder]
        indexes = {path: path / self._index_file.name for path in found}
        return sorted(found, key=lambda path: indexes[path].stat().st_mtime if indexes[path].exists() else 0.0)

    @staticmethod
    def _taken(folders: Sequence[Path]) -> int:
        return sum(file.stat().st_size for folder in folders for file in folder.glob("*.bin"))

    def _forget(self, gone: set[str]) -> None:
        """Write the pictures that stay into a new file; arrays mapped to the old one stay good."""
        stay = sorted(
            (at, digest) for digest, (at, _) in self._known.items() if digest not in gone and at != UNREADABLE
        )
        beside = self._data_file.with_suffix(".new")
        with self._data_file.open("rb") as old, beside.open("wb") as data:
            for at, _ in stay:
                old.seek(at * self.record)
                data.write(old.read(self.record))
            data.flush()
            os.fsync(data.fileno())
        places = {digest: number for number, (_, digest) in enumerate(stay)}
        # Of the two files one is renamed first: a kill between loses the cache.
        self._index_file.unlink(missing_ok=True)
        beside.replace(self._data_file)
        self._count = len(stay)
        self._known = {
            digest: (places.get(digest, UNREADABLE), found)
            for digest, (_, found) in self._known.items()
            if digest not in gone
        }
        self.save()

    def _full(self, new: int) -> TrainError:
        free = shutil.disk_usage(self.folder).free
        return TrainError(
            f"The disk is full: {new:,} photos need {_size(new * self.record)} in {self.folder}, {_size(free)} are "
            "free. Free some space there, or work on another disk."
        )


def _room(taken: int, limit: int) -> str:
    return f"{_size(taken)} are needed, {_size(limit)} allowed"


def _size(count: int) -> str:
    """Of so many bytes, for people."""
    return f"{count / 2**30:.1f} GB" if count >= 2**29 else f"{count / 2**20:.1f} MB"
