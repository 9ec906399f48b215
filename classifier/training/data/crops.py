"""Photos decoded, cut and scaled once, kept as one array of bytes on disk: training is never bound by decoding.

A photo is known by the sha256 of its content, so a renamed or twice-listed photo costs nothing. The folder is a cache:
it may be deleted at any time and is made again, as it is when it is found damaged. It is bounded: what was unused the
longest goes first, whole caches of other sizes and detectors before single photos, and never a photo of this run.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.artefact import Artefact, CropRule
from classifier.detect import Detection, Detector, the_car
from classifier.engines import engine_open
from classifier.preprocess import (
    Decoded,
    Letterbox,
    UnreadablePhotoError,
    crop_car,
    decode,
    decode_closer,
    letterbox,
)
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.stages import counted
from classifier.training.errors import TrainError
from classifier.training.progress import Progress

BATCH = 16
SAVE_EVERY = 512
LEAST_LIMIT = 8 * 2**30
"""Bytes that all crop caches of a folder may take whatever a run needs: 55,000 pictures of 224 px."""
UNREADABLE = -1
CUT_FORM = "2"
"""Of how photos are decoded and cut, beside detector, rule and size; another one cuts them anew."""


@dataclass(frozen=True)
class Crops:
    """Square RGB pictures for a list of rows."""

    pixels: NDArray[np.uint8]
    """(stored, side, side, 3), mapped from disk."""
    index: NDArray[np.int64]
    """(rows,): where a row's picture is, UNREADABLE where its photo cannot be read."""
    digests: list[str]
    """(rows,): sha256 of each photo."""
    boxed: int
    """How many rows had a vehicle found on them; the others are taken whole."""


@dataclass(frozen=True)
class _Opened:
    """A photo on its way into the cache."""

    digest: str
    row: ManifestRow
    decoded: Decoded | None = None
    """None: it cannot be read."""
    boxed: Letterbox | None = None


class CropCache:
    """The pictures of one detector, crop rule and size; detector None keeps whole photos."""

    def __init__(
        self, folder: Path, *, detector: Artefact | None, rule: CropRule, side: int, limit: int | None = None,
        engine_cache: Path | None = None,
    ) -> None:  # fmt: skip
        """limit: bytes that this and all other crop caches in the folder may take together; None: twice what this run
        needs, but LEAST_LIMIT at least. A run that needs more takes more. engine_cache: see engines_open.
        """
        name = f"{detector.version if detector else 'whole'}-{rule.version}-{rule.margin:g}-f{CUT_FORM}-{side}"
        self._folder = folder / f"crops-{name}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._detector, self._rule, self._side = detector, rule, side
        self._engine_cache = engine_cache
        self._record = side * side * 3
        self._known: dict[str, tuple[int, bool]] = {}
        """sha256 → (position or UNREADABLE, vehicle found), the longest unused first."""
        self._count = 0
        self._limit = limit
        self._read = False
        """Whether the index was read."""
        self._used: set[str] = set()
        """What this run has asked for."""

    @property
    def _index_file(self) -> Path:
        return self._folder / "index.json"

    @property
    def _data_file(self) -> Path:
        return self._folder / "pixels.bin"

    def crops(self, rows: Sequence[ManifestRow], progress: Progress) -> Crops:
        """The rows' pictures, cutting those that are not here yet; a file that is gone is as good as unreadable.

        Raises EngineError, and TrainError if the disk is full.
        """
        if not self._read:
            self._load(progress)
        digests = [_digest(row.path) for row in rows]
        gone = [row.file for row, digest in zip(rows, digests, strict=True) if not digest]
        if gone:  # a seller takes an advertisement back while hours of photos are cut
            progress.say(f"{counted(len(gone), 'photo')} not there any more, such as {gone[0]}: left out")
        new = {digest: row for digest, row in zip(digests, rows, strict=True) if digest and digest not in self._known}
        self._used.update(filter(None, digests))
        for digest in digests:
            if digest in self._known:
                self._known[digest] = self._known.pop(digest)  # so that it stands last, as used last
        with self._disk_full_said(len(new)):
            if new:
                self._make_room(len(new), progress)
                self._add(list(new.items()), progress)
            else:
                self._save()
        if not self._count:
            pixels = np.zeros((0, self._side, self._side, 3), dtype=np.uint8)
        else:
            shape = (self._count, self._side, self._side, 3)
            pixels = np.memmap(self._data_file, dtype=np.uint8, mode="r", shape=shape)
        known = [self._known[digest] if digest else (UNREADABLE, False) for digest in digests]
        index = np.asarray([at for at, _ in known], dtype=np.int64)
        boxed = sum(found for _, found in known)
        if rows:
            around = f", {boxed:,} to a car that was found" if self._detector is not None else ""
            progress.say(f"{len(rows):,} photos cut{around}: {len(new):,} now, the others in an earlier run")
        return Crops(pixels, index, digests, boxed=boxed)

    def _add(self, new: list[tuple[str, ManifestRow]], progress: Progress) -> None:
        finder = None
        if self._detector is not None:
            engine = engine_open(self._detector, engine="openvino", device="cpu", cache_dir=self._engine_cache)
            finder = Detector(engine, self._detector.spec)
        mode = "r+b" if self._data_file.exists() else "w+b"
        with self._data_file.open(mode) as data:
            # What a killed run wrote after its last saved index is not known to the index: write over it.
            data.truncate(self._count * self._record)
            data.seek(0, os.SEEK_END)
            batches = [new[start : start + BATCH] for start in range(0, len(new), BATCH)]
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="cuts") as pool:
                cuts = self._cuts(batches, finder, pool)
                for number, cut in enumerate(progress.track(cuts, total=len(batches), what="cutting photos")):
                    for digest, picture, found in cut:
                        if picture is None:
                            self._known[digest] = (UNREADABLE, False)
                            continue
                        data.write(np.asarray(picture, dtype=np.uint8).tobytes())
                        self._known[digest] = (self._count, found)
                        self._count += 1
                    if number % (SAVE_EVERY // BATCH) == 0:
                        data.flush()
                        # Before the index says so: what it names has to be there after a power cut.
                        os.fsync(data.fileno())
                        self._save()
            data.flush()
            os.fsync(data.fileno())
        self._save()

    def _cuts(
        self, batches: Sequence[list[tuple[str, ManifestRow]]], finder: Detector | None, pool: ThreadPoolExecutor
    ) -> Iterator[list[tuple[str, Image.Image | None, bool]]]:
        """Each batch's pictures and whether a car was found; the next batch decodes while one is looked at."""
        ahead: list[Future[_Opened]] = []
        for number in range(len(batches) + 1):
            opened = [future.result() for future in ahead]
            ahead = [pool.submit(self._open, *one, finder) for one in batches[number]] if number < len(batches) else []
            photos = [one for one in opened if one.decoded is not None]
            cars: list[Detection | None] = [None] * len(photos)
            if finder is not None and photos:
                inputs = [one.boxed for one in photos if one.boxed is not None]
                sizes = [one.decoded.full_size for one in photos if one.decoded is not None]
                cars = [the_car(found) for found in finder.detect(inputs, sizes)]
            pictures = pool.map(self._cut, photos, cars)
            if number:
                unread = [(one.digest, None, False) for one in opened if one.decoded is None]
                yield [*unread, *pictures]

    def _open(self, digest: str, row: ManifestRow, finder: Detector | None) -> _Opened:
        # At the scale that serving decodes at, and no larger than is needed: phones' photos are large.
        side = max(finder.input_size if finder else 0, self._side)
        try:
            decoded = decode(row.path, min_side=side)
        except UnreadablePhotoError:
            return _Opened(digest, row)
        boxed = letterbox(decoded.image, finder.input_size, decoded.full_size) if finder is not None else None
        return _Opened(digest, row, decoded, boxed)

    def _cut(self, photo: _Opened, car: Detection | None) -> tuple[str, Image.Image | None, bool]:
        box = car.box if car else None
        if photo.decoded is None:
            return photo.digest, None, False
        try:
            decoded = decode_closer(photo.row.path, photo.decoded, box, self._rule, side=self._side)
        except UnreadablePhotoError:
            return photo.digest, None, False
        image = crop_car(decoded, box, self._rule)
        return photo.digest, image.resize((self._side, self._side), Image.Resampling.BILINEAR), car is not None

    def _load(self, progress: Progress) -> None:
        self._read = True
        try:
            saved = json.loads(self._index_file.read_text(encoding="ascii"))
            count = int(saved["count"])
            known = {str(key): (int(at), bool(found)) for key, (at, found) in saved["photos"].items()}
            there = self._data_file.stat().st_size if count else 0
            if there < count * self._record:
                raise ValueError(f"{count} pictures are named, {there // self._record} are there")
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
        progress.say(f"{self._folder} is damaged ({why}): its photos are cut again")
        for file in (self._index_file, self._data_file):
            file.unlink(missing_ok=True)

    def _make_room(self, new: int, progress: Progress) -> None:
        """Remove what was unused the longest until `new` pictures more fit in the limit and on the disk."""
        needed = new * self._record
        used = len(self._used) * self._record
        limit = max(LEAST_LIMIT, 2 * used) if self._limit is None else self._limit
        for other in self._others():
            taken = self._taken([self._folder, *self._others()]) + needed
            if taken <= limit and needed <= shutil.disk_usage(self._folder).free:
                return
            progress.say(f"{other.name} was unused the longest and is removed: {self._room(taken, limit)}")
            shutil.rmtree(other)
        taken = self._taken([self._folder]) + needed
        spare = max(0, -(-(taken - limit) // self._record))
        unused = [digest for digest, (at, _) in self._known.items() if digest not in self._used and at != UNREADABLE]
        if spare and unused:
            progress.say(
                f"{min(spare, len(unused))} pictures unused the longest are removed: {self._room(taken, limit)}"
            )
            self._forget(set(unused[:spare]))
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise self._full(new)

    def _others(self) -> list[Path]:
        """Crop caches of the same folder, the longest unused first."""
        found = [path for path in self._folder.parent.glob("crops-*") if path.is_dir() and path != self._folder]
        indexes = {path: path / self._index_file.name for path in found}
        return sorted(found, key=lambda path: indexes[path].stat().st_mtime if indexes[path].exists() else 0.0)

    @staticmethod
    def _taken(folders: Sequence[Path]) -> int:
        return sum(file.stat().st_size for folder in folders for file in folder.glob("*.bin"))

    @staticmethod
    def _room(taken: int, limit: int) -> str:
        return f"{_size(taken)} are needed, {_size(limit)} allowed"

    def _forget(self, gone: set[str]) -> None:
        """Write the pictures that stay into a new file; arrays that are mapped to the old one stay good."""
        stay = sorted(
            (at, digest) for digest, (at, _) in self._known.items() if digest not in gone and at != UNREADABLE
        )
        beside = self._data_file.with_suffix(".new")
        with self._data_file.open("rb") as old, beside.open("wb") as data:
            for at, _ in stay:
                old.seek(at * self._record)
                data.write(old.read(self._record))
            data.flush()
            os.fsync(data.fileno())
        places = {digest: number for number, (_, digest) in enumerate(stay)}
        self._index_file.unlink(
            missing_ok=True
        )  # of the two files one is renamed first: a kill between loses the cache
        beside.replace(self._data_file)
        self._count = len(stay)
        self._known = {
            digest: (places.get(digest, UNREADABLE), found)
            for digest, (_, found) in self._known.items()
            if digest not in gone
        }
        self._save()

    @contextmanager
    def _disk_full_said(self, new: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._full(new) from error

    def _full(self, new: int) -> TrainError:
        free = shutil.disk_usage(self._folder).free
        return TrainError(
            f"The disk is full: {new:,} photos need {_size(new * self._record)} in {self._folder}, {_size(free)} are "
            "free. Free some space there, or work on another disk."
        )

    def _save(self) -> None:
        beside = self._index_file.with_suffix(".new")
        content = {"count": self._count, "rule": asdict(self._rule), "photos": self._known}
        beside.write_text(json.dumps(content), encoding="ascii")
        beside.replace(self._index_file)


def _size(count: int) -> str:
    """Of so many bytes, for people."""
    return f"{count / 2**30:.1f} GB" if count >= 2**29 else f"{count / 2**20:.1f} MB"


def _digest(path: Path) -> str:
    """The file's sha256; "" if it is gone."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
