"""Which pictures a model has seen, so that no later run tests it with one of them.

A car's split follows from its id, but the same photo may come again with another id: from another
import, or advertised anew. An artefact therefore keeps a hash of every picture (see
near_duplicates) that it, or the model it goes on from, was trained or calibrated on: 40 bytes each,
by which whoever has the file can tell whether a photo was among them.

`python -m classifier.training.data.cleaning.seen_photos FOLDER --manifest …` writes it for an
artefact that was made without.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from classifier.artefact import SEEN_PHOTOS_FILE, Artefact, ArtefactError, artefact_open, file_add
from classifier.training.data.cleaning.near_duplicates import PictureHash
from classifier.training.data.cleaning.photo_facts import FactsCache
from classifier.training.data.manifest import SPLITS, ManifestError, ManifestRow, Split, manifest_read
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.progress import Progress, progress_for_terminal

STARTED_FROM = "started_from"
"""In the recipe of an artefact's model.json: the version whose weights it began with."""
ENSEMBLE_OF = "ensemble_of"
"""There, too: the version whose network stands beside the one that was trained."""
WORDS = 5
"""Of 64 bits in a record: the coarse hash and four of the fine one."""


@dataclass(frozen=True)
class SeenByVersion:
    """A version that a run is about to measure or to go on from, and what it knows."""

    version: str
    seen_photos: SeenPhotos | None
    """None: it has no record."""
    starts: bool = True
    """Whether the challenger goes on from it, so that photos to calibrate on must be new to it,
    too.

    Else it is only compared with."""


@dataclass(frozen=True)
class SeenPhotos:
    """What a model knows by heart, or was calibrated on."""

    trained: tuple[PictureHash, ...] = ()
    calibrated: tuple[PictureHash, ...] = ()

    def __add__(self, other: SeenPhotos) -> SeenPhotos:
        """What either has seen, each picture once."""
        return SeenPhotos(_distinct(self.trained + other.trained), _distinct(self.calibrated + other.calibrated))

    def as_bytes(self) -> bytes:
        """The content of SEEN_PHOTOS_FILE: safetensors with two arrays of uint64, (N, WORDS)."""
        return save({"trained": _packed(self.trained), "calibrated": _packed(self.calibrated)})


def seen_photos_of(rows: Sequence[ManifestRow], looks: Sequence[PictureHash | None]) -> SeenPhotos:
    """What a training on these rows sees; pictures too plain for a hash cannot be known again."""
    by_split: dict[Split, list[PictureHash]] = {split: [] for split in SPLITS}
    for row, look in zip(rows, looks, strict=True):
        if look is not None:
            by_split[split_of(row)].append(look)
    return SeenPhotos(_distinct(by_split["train"]), _distinct(by_split["val"]))


def seen_photos_read(folder: Path) -> SeenPhotos | None:
    """What the artefact in `folder` has seen; None where it does not say.

    Raises TrainError for a damaged file.
    """
    path = folder / SEEN_PHOTOS_FILE
    try:
        arrays = load(path.read_bytes())
        return SeenPhotos(_unpacked(arrays["trained"]), _unpacked(arrays["calibrated"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrainError(f"{path} cannot be read: {error.strerror}") from error
    except (SafetensorError, KeyError, ValueError) as error:
        why = " ".join(str(error).split())[:120]
        raise TrainError(f"{path} is damaged ({why}): bring it back, or delete it to go on without it") from error


def _distinct(hashes: Iterable[PictureHash]) -> tuple[PictureHash, ...]:
    return tuple(sorted(set(hashes), key=lambda one: (one.coarse, one.fine)))


def _packed(hashes: Sequence[PictureHash]) -> NDArray[np.uint64]:
    records = b"".join(one.coarse.to_bytes(8, "little") + bytes.fromhex(one.fine) for one in hashes)
    return np.frombuffer(records, dtype="<u8").reshape(len(hashes), WORDS)


def _unpacked(records: NDArray[np.uint64]) -> tuple[PictureHash, ...]:
    """Raises ValueError."""
    if records.dtype != np.uint64 or records.ndim != 2 or records.shape[1] != WORDS:
        raise ValueError(f"hashes of {records.dtype} and shape {records.shape}")
    return tuple(PictureHash(int(record[0]), record[1:].tobytes().hex()) for record in records)


def seen_photos_write(
    artefact: Artefact,
    *,
    rows: Sequence[ManifestRow],
    work: Path,
    progress: Progress,
    before: Sequence[Artefact] = (),
) -> SeenPhotos:
    """Write the record of an artefact that was trained on these rows and no others.

    before: all that it goes on from or stands beside, whose records become part of its own.

    Photos count by their own split. A photo that cleaning left out counts as learned: held-out
    pictures like it then leave later runs for nothing. work: the cache of facts. Raises TrainError
    if it goes on from another artefact, whose pictures would be missing, or a photo cannot be read;
    ArtefactError and OSError if nothing can be written.
    """
    known = [seen_photos_read(one.folder) for one in before]
    unrecorded = [one.version for one, record in zip(before, known, strict=True) if record is None]
    if unrecorded:
        raise TrainError(f"{unrecorded[0]} has no record of what it has seen either")
    if not before and artefact.spec.recipe.keys() & {"extends", STARTED_FROM, ENSEMBLE_OF}:
        raise TrainError(f"{artefact.version} goes on from another artefact, which other photos taught: train it again")
    rows = [row for row in rows if row.exterior and row.make and row.model]
    facts = FactsCache(work, attributes=None).facts([row.path for row in rows], [False] * len(rows), progress)
    unread = next((f"{row.path}: {fact.error}" for row, fact in zip(rows, facts, strict=True) if fact.error), "")
    if unread:
        raise TrainError(unread)
    seen_photos = sum((one for one in known if one), start=seen_photos_of(rows, [one.look for one in facts]))
    file_add(artefact, SEEN_PHOTOS_FILE, seen_photos.as_bytes())
    return seen_photos


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write down which pictures an artefact has seen that does not say so.")
    parser.add_argument("artefact", type=Path, metavar="FOLDER")
    parser.add_argument("--manifest", action="append", type=Path, required=True, help="what it was trained on")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is found out about photos")
    parser.add_argument(
        "--before", action="append", type=Path, default=[], metavar="FOLDER", help="an artefact that it goes on from"
    )
    given = parser.parse_args(arguments)
    progress = progress_for_terminal()
    try:
        rows = [row for manifest in given.manifest for row in manifest_read(manifest)]
        before = [artefact_open(folder) for folder in given.before]
        seen_photos = seen_photos_write(
            artefact_open(given.artefact), rows=rows, work=given.work, progress=progress, before=before
        )
    except (ManifestError, TrainError, ArtefactError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    progress.say(f"{len(seen_photos.trained):,} pictures to train on, {len(seen_photos.calibrated):,} to calibrate on")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
