"""What an artefact remembers of its photos: what the frozen network saw of each, and its label.

No picture is kept. From a memory the next `quick` learns the old cars again beside the new ones,
and whatever wants to take the artefact's place is asked about its very test photos, with no photo
at hand (adr/0014).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from classifier.artefact import MEMORY_FILE, Artefact, ArtefactError
from classifier.attributes import EXTERIOR, VIEWS
from classifier.preprocess import Box, FloatArray
from classifier.recognition import Sight, Status
from classifier.taxonomy import Guess
from classifier.training.data.manifest import REMEMBERED, SPLITS, ManifestRow, Split
from classifier.training.data.memory.codec import Packed
from classifier.training.data.split import split_of

FORM = "1"
"""Of the file; another one is refused."""
STATUSES: tuple[Status, ...] = get_args(Status)
NO_VIEW = 255
SHORT = 8
"""Bytes of a hash that are kept: enough to know a photo again, too few to be one."""


@dataclass(frozen=True)
class RememberedPhoto:
    """One photo, without its features."""

    digest: str
    """See photo_digest."""
    make: str
    model: str
    year: str
    vehicle: str
    """See short_hash."""
    source: str
    split: Split
    status: Status
    """What a recogniser said of it; only "ok" has features."""
    image_size: tuple[int, int] = (0, 0)
    box: Box | None = None
    view: Guess | None = None

    @property
    def row(self) -> ManifestRow:
        """As a manifest's row, whose file cannot be opened: it is in no folder."""
        return ManifestRow(
            path=REMEMBERED / self.digest, file=f"remembered {self.digest}", make=self.make, model=self.model,
            year=self.year, vehicle=f"remembered {self.vehicle}", kind=EXTERIOR, source=self.source,
            split="calibrate" if self.split == "val" else self.split,
        )  # fmt: skip


@dataclass(frozen=True)
class Memory:
    """N photos, and the features of those on which a car was seen."""

    extractor: str
    """Identifies the network below its last layer, and how it is shown a car: see
    CachedRecogniser.extractor. Only heads on the same one can be asked about these features."""
    photos: tuple[RememberedPhoto, ...]
    packed: Packed
    """Of the photos with status "ok", in their order."""

    @classmethod
    def nothing(cls, *, extractor: str, width: int) -> Memory:
        """A memory that begins."""
        return cls(extractor, (), Packed.of(np.zeros((0, width), dtype=np.float32)))

    @property
    def rows(self) -> list[ManifestRow]:
        """The photos as rows of a manifest."""
        return [one.row for one in self.photos]

    @property
    def answered(self) -> list[ManifestRow]:
        """Rows of the photos with features, in the order of these."""
        return [one.row for one in self.photos if one.status == "ok"]

    @property
    def width(self) -> int:
        """D, the number of features."""
        return len(self.packed.low)

    def sights(self) -> Iterator[Sight]:
        """Per photo what a CachedRecogniser's `sights` gave, but for the body."""
        features = self.packed.unpacked()
        places = count()
        for one in self.photos:
            outputs = features[next(places)] if one.status == "ok" else None
            kind = "" if one.status == "not_usable" else EXTERIOR  # what else it seemed to be is not kept
            yield Sight(one.status, kind=kind, box=one.box, image_size=one.image_size, view=one.view, outputs=outputs)

    def of(self, *splits: Split) -> Memory:
        """The photos of these splits."""
        return self.kept([one.split in splits for one in self.photos])

    def without(self, digests: Iterable[str]) -> Memory:
        """Without these photos: see photo_digest."""
        gone = set(digests)
        return self.kept([one.digest not in gone for one in self.photos]) if gone else self

    def kept(self, keep: Sequence[bool]) -> Memory:
        """Those of the N photos for which `keep` holds."""
        answered = [kept for one, kept in zip(self.photos, keep, strict=True) if one.status == "ok"]
        return replace(
            self,
            photos=tuple(one for one, kept in zip(self.photos, keep, strict=True) if kept),
            packed=self.packed.taken(np.flatnonzero(answered)),
        )

    def extended(self, rows: Sequence[ManifestRow], sights: Iterable[Sight], digests: Sequence[str]) -> Memory:
        """With further labelled photos; one that is remembered already is replaced.

        sights: one per row, with features as outputs. digests: sha256 of the photos. Those that
        could not be read are left out, as are photos to learn from without a car on them; held-out
        ones stay, because they count as not answered. Each photo is kept once, under its first row.
        """
        photos, features = _remembered(rows, sights, digests)
        own = self.without(one.digest for one in photos)
        return replace(
            own, photos=(*own.photos, *photos), packed=own.packed.extended(_stacked(features, width=self.width))
        )

    def as_bytes(self) -> bytes:
        """The content of MEMORY_FILE: safetensors."""
        cars = _Names((one.make, one.model, one.year) for one in self.photos)
        sources = _Names(one.source for one in self.photos)
        about = {"form": FORM, "eye": self.extractor, "cars": cars.named, "sources": sources.named}
        photos = self.photos
        return save(
            {
                "codes": self.packed.codes,
                "low": self.packed.low,
                "step": self.packed.step,
                "digest": _hashes(one.digest for one in photos),
                "vehicle": _hashes(one.vehicle for one in photos),
                "car": np.asarray(cars.numbers, dtype=np.uint32),
                "source": np.asarray(sources.numbers, dtype=np.uint16),
                "split": np.asarray([SPLITS.index(one.split) for one in photos], dtype=np.uint8),
                "status": np.asarray([STATUSES.index(one.status) for one in photos], dtype=np.uint8),
                "size": np.asarray([one.image_size for one in photos], dtype=np.uint32).reshape(-1, 2),
                "box": np.asarray([one.box or (0, 0, 0, 0) for one in photos], dtype=np.uint32).reshape(-1, 4),
                "view": np.asarray([_view_number(one.view) for one in photos], dtype=np.uint8),
                "view_sure": np.asarray([one.view.confidence if one.view else 0 for one in photos], dtype=np.float16),
            },
            # One entry: safetensors writes several in an order that changes.
            metadata={"about": json.dumps(about)},
        )


def memory_read(artefact: Artefact) -> Memory | None:
    """An artefact's memory; None if it has none.

    Raises ArtefactError if the file is missing, or is not the one that model.json names.
    """
    if not artefact.spec.memory_sha256:
        return None
    path = artefact.folder / MEMORY_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != artefact.spec.memory_sha256:
        raise ArtefactError(f"{path} is damaged or changed: its sha256 is not the one in model.json")
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about = json.loads(header["__metadata__"]["about"])
        if about["form"] != FORM:
            raise ArtefactError(f"{path} has the form {about['form']!r}, which is unknown here (known: {FORM})")
        return Memory(about["eye"], *_from_arrays(load(content), about["cars"], about["sources"]))
    except (SafetensorError, KeyError, ValueError, IndexError, TypeError) as error:
        raise ArtefactError(f"{path} is malformed: {' '.join(str(error).split())[:120]}") from error


def photo_digest(sha256: str) -> str:
    """What a memory keeps of a photo's sha256 in hex: its first 16 digits."""
    return sha256[: 2 * SHORT]


def short_hash(text: str) -> str:
    """What a memory keeps of a vehicle's id: 16 hex digits of its sha256."""
    return hashlib.sha256(text.encode()).hexdigest()[: 2 * SHORT]


def _remembered(
    rows: Sequence[ManifestRow], sights: Iterable[Sight], digests: Sequence[str]
) -> tuple[list[RememberedPhoto], list[FloatArray]]:
    photos: dict[str, RememberedPhoto] = {}
    features: list[FloatArray] = []
    for row, sight, sha256 in zip(rows, sights, digests, strict=True):
        digest, split = photo_digest(sha256), split_of(row)
        useless = sight.status == "unreadable" or (split == "train" and sight.status != "ok")
        if useless or not digest or digest in photos:
            continue
        photos[digest] = RememberedPhoto(
            digest=digest, make=row.make, model=row.model, year=row.year, vehicle=short_hash(row.vehicle),
            source=row.source, split=split, status=sight.status, image_size=sight.image_size, box=sight.box,
            view=sight.view,
        )  # fmt: skip
        if sight.outputs is not None:
            features.append(sight.outputs.reshape(-1))
    return list(photos.values()), features


def _stacked(features: Sequence[FloatArray], *, width: int) -> FloatArray:
    return np.asarray(features, dtype=np.float32).reshape(len(features), width)


def _from_arrays(
    arrays: dict[str, NDArray[Any]], cars: list[list[str]], sources: list[str]
) -> tuple[tuple[RememberedPhoto, ...], Packed]:
    """Raises KeyError, ValueError or IndexError for what was not written by Memory.as_bytes."""
    packed = Packed(arrays["codes"], arrays["low"], arrays["step"])
    columns = [
        arrays["digest"].tolist(), arrays["vehicle"].tolist(), [cars[number] for number in arrays["car"]],
        *(arrays[name].tolist() for name in ("source", "split", "status", "size", "box", "view", "view_sure")),
    ]  # fmt: skip
    photos = tuple(
        RememberedPhoto(
            digest=f"{digest:016x}", make=make, model=model, year=year, vehicle=f"{vehicle:016x}",
            source=sources[source], split=SPLITS[split], status=STATUSES[status], image_size=(size[0], size[1]),
            box=_box(box), view=None if view == NO_VIEW else Guess(VIEWS[view], sure),
        )
        for digest, vehicle, (make, model, year), source, split, status, size, box, view, sure in zip(
            *columns, strict=True
        )
    )  # fmt: skip
    answered = sum(one.status == "ok" for one in photos)
    if packed.codes.dtype != np.uint8 or packed.codes.shape != (answered, len(packed.low)):
        raise ValueError(f"{answered} photos with features, codes of {packed.codes.dtype} and {packed.codes.shape}")
    return photos, packed


class _Names:
    """Names as numbers into a list of different ones."""

    def __init__(self, names: Iterable[Any]) -> None:
        numbers: dict[Any, int] = {}
        self.numbers = [numbers.setdefault(name, len(numbers)) for name in names]
        self.named = list(numbers)


def _hashes(hexes: Iterable[str]) -> NDArray[np.uint64]:
    return np.asarray([int(one, 16) for one in hexes], dtype=np.uint64)


def _view_number(view: Guess | None) -> int:
    return VIEWS.index(view.name) if view is not None and view.name in VIEWS else NO_VIEW


def _box(values: list[int]) -> Box | None:
    left, top, right, bottom = values
    return (left, top, right, bottom) if right > left else None
