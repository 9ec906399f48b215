"""Photos decoded, cut and scaled once, kept as one array on disk: no training waits for decoding.

A photo is known by the sha256 of its content, so a renamed or twice-listed photo costs nothing. The
folder is a cache: it may be deleted at any time and is made again. It is bounded: what was unused
the longest goes first, whole caches of other sizes and detectors before single photos, and never a
photo of this run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.artefact import Artefact, CropRule
from classifier.detect import Detection, Detector, the_car
from classifier.engines import engine_choose, engine_open
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
from classifier.training.data.pictures.crop_store import UNREADABLE, CropStore
from classifier.training.data.stages import counted
from classifier.training.progress import Progress

__all__ = ["UNREADABLE", "CropCache", "Crops"]

BATCH = 16
SAVE_EVERY = 512
LEAST_LIMIT = 8 * 2**30
"""Bytes that all crop caches of a folder may always take: 55,000 pictures of 224 px."""
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

    def picture(self, place: int) -> Image.Image:
        """The picture at a place of `index`."""
        return Image.fromarray(self.pixels[place])


class CropCache:
    """The pictures of one detector, crop rule and size; detector None keeps whole photos."""

    def __init__(
        self, folder: Path, *, detector: Artefact | None, rule: CropRule, side: int, limit: int | None = None,
        engine_cache: Path | None = None,
    ) -> None:  # fmt: skip
        """limit: bytes that all crop caches in the folder may take together.

        None: twice what this run needs, but LEAST_LIMIT at least. A run that needs more takes more.
        engine_cache: where converted networks are kept, see engines_open.
        """
        name = f"{detector.version if detector else 'whole'}-{rule.version}-{rule.margin:g}-f{CUT_FORM}-{side}"
        self._store = CropStore(folder / f"crops-{name}", side=side, about={"rule": asdict(rule)})
        self._detector, self._rule, self._side = detector, rule, side
        self._engine_cache = engine_cache
        self._limit = limit

    def crops(self, rows: Sequence[ManifestRow], progress: Progress) -> Crops:
        """The rows' pictures, cutting those that are not here yet.

        A file that is gone counts as unreadable. Raises EngineError, and TrainError if the disk is
        full.
        """
        store = self._store
        digests = [_digest(row.path) for row in rows]
        gone = [row.file for row, digest in zip(rows, digests, strict=True) if not digest]
        if gone:  # a seller takes an advertisement back while hours of photos are cut
            progress.say(f"{counted(len(gone), 'photo')} not there any more, such as {gone[0]}: left out")
        by_digest = dict(zip(digests, rows, strict=True))
        new = [(digest, by_digest[digest]) for digest in store.use(list(filter(None, digests)), progress)]
        with store.full_disk_told(len(new)):
            if new:
                limit = max(LEAST_LIMIT, 2 * store.used_bytes) if self._limit is None else self._limit
                store.make_room(len(new), limit=limit, progress=progress)
                self._add(new, progress)
            else:
                store.save()
        places = [store.place(digest) for digest in digests]
        boxed = sum(found for _, found in places)
        if rows:
            around = f", {boxed:,} to a car that was found" if self._detector is not None else ""
            progress.say(f"{len(rows):,} photos cut{around}: {len(new):,} now, the others in an earlier run")
        index = np.asarray([at for at, _ in places], dtype=np.int64)
        return Crops(store.pixels(), index, digests, boxed=boxed)

    def _add(self, new: list[tuple[str, ManifestRow]], progress: Progress) -> None:
        finder = None
        if self._detector is not None:
            chosen, device = engine_choose("auto", "auto")
            engine = engine_open(self._detector, engine=chosen, device=device, cache_dir=self._engine_cache)
            finder = Detector(engine, self._detector.spec)
        cutter = _Cutter(finder, self._rule, self._side)
        batches = [new[start : start + BATCH] for start in range(0, len(new), BATCH)]
        with (
            self._store.appended() as data,
            ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="cuts") as pool,
        ):
            cuts = progress.track(cutter.cuts(batches, pool), total=len(batches), what="cutting photos")
            for number, cut in enumerate(cuts):
                for one in cut:
                    self._store.append(data, one.digest, one.picture, found=one.found)
                if number % (SAVE_EVERY // BATCH) == 0:
                    self._store.flush(data)


@dataclass(frozen=True)
class _Opened:
    """A photo on its way into the cache."""

    digest: str
    row: ManifestRow
    decoded: Decoded | None = None
    """None: it cannot be read."""
    boxed: Letterbox | None = None


@dataclass(frozen=True)
class _Cut:
    """What goes into the cache."""

    digest: str
    picture: Image.Image | None = None
    """None: it cannot be read."""
    found: bool = False
    """Whether there is a vehicle on it."""


class _Cutter:
    """Decodes, looks for the car, cuts and scales."""

    def __init__(self, finder: Detector | None, rule: CropRule, side: int) -> None:
        self._finder, self._rule, self._side = finder, rule, side

    def cuts(
        self, batches: Sequence[list[tuple[str, ManifestRow]]], pool: ThreadPoolExecutor
    ) -> Iterator[list[_Cut]]:  # fmt: skip
        """Each batch's pictures; the next batch is decoded while the detector looks at one."""
        ahead: list[Future[_Opened]] = []
        for number in range(len(batches) + 1):
            opened = [future.result() for future in ahead]
            ahead = [pool.submit(self._open, *one) for one in batches[number]] if number < len(batches) else []
            photos = [one for one in opened if one.decoded is not None]
            cars: list[Detection | None] = [None] * len(photos)
            if self._finder is not None and photos:
                inputs = [one.boxed for one in photos if one.boxed is not None]
                sizes = [one.decoded.full_size for one in photos if one.decoded is not None]
                cars = [the_car(found) for found in self._finder.detect(inputs, sizes)]
            pictures = pool.map(self._cut, photos, cars)
            if number:
                yield [*(_Cut(one.digest) for one in opened if one.decoded is None), *pictures]

    def _open(self, digest: str, row: ManifestRow) -> _Opened:
        # At the scale that serving decodes at, and no larger: phones' photos are large.
        side = max(self._finder.input_size if self._finder else 0, self._side)
        try:
            decoded = decode(row.path, min_side=side)
        except UnreadablePhotoError:
            return _Opened(digest, row)
        if self._finder is None:
            return _Opened(digest, row, decoded)
        return _Opened(digest, row, decoded, letterbox(decoded.image, self._finder.input_size, decoded.full_size))

    def _cut(self, photo: _Opened, car: Detection | None) -> _Cut:
        box = car.box if car else None
        if photo.decoded is None:
            return _Cut(photo.digest)
        try:
            decoded = decode_closer(photo.row.path, photo.decoded, box, self._rule, side=self._side)
        except UnreadablePhotoError:
            return _Cut(photo.digest)
        image = crop_car(decoded, box, self._rule)
        picture = image.resize((self._side, self._side), Image.Resampling.BILINEAR)
        return _Cut(photo.digest, picture, car is not None)


def _digest(path: Path) -> str:
    """The file's sha256; "" if it is gone."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
