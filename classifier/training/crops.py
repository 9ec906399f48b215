"""Photos decoded, cut and scaled once, kept as one array of bytes on disk: training is never bound by decoding.

A photo is known by the sha256 of its content, so a renamed or twice-listed photo costs nothing. The folder is a cache:
it may be deleted at any time and is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.artefact import Artefact, CropRule
from classifier.detect import Detection, Detector, the_car
from classifier.engines import engine_open
from classifier.preprocess import Decoded, UnreadablePhotoError, crop_car, decode, letterbox
from classifier.training.manifest import ManifestRow
from classifier.training.progress import Progress

BATCH = 16
SAVE_EVERY = 512
UNREADABLE = -1


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


class CropCache:
    """The pictures of one detector, crop rule and size; detector None keeps whole photos."""

    def __init__(self, folder: Path, *, detector: Artefact | None, rule: CropRule, side: int) -> None:
        name = f"{detector.version if detector else 'whole'}-{rule.version}-{rule.margin:g}-{side}"
        self._folder = folder / f"crops-{name}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._detector, self._rule, self._side, self._ir = detector, rule, side, folder / "ir"
        self._record = side * side * 3
        self._known: dict[str, tuple[int, bool]] = {}
        """sha256 → (position or UNREADABLE, vehicle found)."""
        self._count = 0
        if self._index_file.exists():
            saved = json.loads(self._index_file.read_text())
            self._count, self._known = (
                saved["count"],
                {key: (at, found) for key, (at, found) in saved["photos"].items()},
            )

    @property
    def _index_file(self) -> Path:
        return self._folder / "index.json"

    @property
    def _data_file(self) -> Path:
        return self._folder / "pixels.bin"

    def crops(self, rows: Sequence[ManifestRow], progress: Progress) -> Crops:
        """The rows' pictures, cutting those that are not here yet. Raises EngineError."""
        digests = [hashlib.sha256(row.path.read_bytes()).hexdigest() for row in rows]
        new = {digest: row for digest, row in zip(digests, rows, strict=True) if digest not in self._known}
        if new:
            self._add(list(new.items()), progress)
        if not self._count:
            pixels = np.zeros((0, self._side, self._side, 3), dtype=np.uint8)
        else:
            shape = (self._count, self._side, self._side, 3)
            pixels = np.memmap(self._data_file, dtype=np.uint8, mode="r", shape=shape)
        known = [self._known[digest] for digest in digests]
        index = np.asarray([at for at, _ in known], dtype=np.int64)
        return Crops(pixels, index, digests, boxed=sum(found for _, found in known))

    def _add(self, new: list[tuple[str, ManifestRow]], progress: Progress) -> None:
        finder = None
        if self._detector is not None:
            engine = engine_open(self._detector, engine="openvino", device="cpu", cache_dir=self._ir)
            finder = Detector(engine, self._detector.spec)
        mode = "r+b" if self._data_file.exists() else "w+b"
        with self._data_file.open(mode) as data:
            # What a killed run wrote after its last saved index is not known to the index: write over it.
            data.truncate(self._count * self._record)
            data.seek(0, os.SEEK_END)
            starts = range(0, len(new), BATCH)
            for start in progress.track(starts, total=len(starts), what="cutting photos"):
                for digest, picture, found in self._cut(new[start : start + BATCH], finder):
                    if picture is None:
                        self._known[digest] = (UNREADABLE, False)
                        continue
                    data.write(np.asarray(picture, dtype=np.uint8).tobytes())
                    self._known[digest] = (self._count, found)
                    self._count += 1
                if (start // BATCH) % (SAVE_EVERY // BATCH) == 0:
                    data.flush()
                    self._save()
            data.flush()
            os.fsync(data.fileno())
        self._save()

    def _cut(
        self, batch: list[tuple[str, ManifestRow]], finder: Detector | None
    ) -> list[tuple[str, Image.Image | None, bool]]:
        photos: list[tuple[str, Decoded]] = []
        cut: list[tuple[str, Image.Image | None, bool]] = []
        for digest, row in batch:
            try:
                photos.append((digest, decode(row.path)))
            except UnreadablePhotoError:
                cut.append((digest, None, False))
        cars: list[Detection | None] = [None] * len(photos)
        if finder is not None:
            inputs = [letterbox(photo.image, finder.input_size, photo.full_size) for _, photo in photos]
            cars = [the_car(found) for found in finder.detect(inputs, [photo.full_size for _, photo in photos])]
        for (digest, photo), car in zip(photos, cars, strict=True):
            image = crop_car(photo, car.box if car else None, self._rule)
            squeezed = image.resize((self._side, self._side), Image.Resampling.BILINEAR)
            cut.append((digest, squeezed, car is not None))
        return cut

    def _save(self) -> None:
        beside = self._index_file.with_suffix(f".{os.getpid()}")
        content = {"count": self._count, "rule": asdict(self._rule), "photos": self._known}
        beside.write_text(json.dumps(content))
        beside.replace(self._index_file)
