"""Facts about photos, found out once and kept: content hash, picture hash, exterior or not.

Each file is read whenever it is asked about; decoding, hashing and classifying happen once per
content. The file of facts is a cache: it may be deleted at any time and is made again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from classifier.artefact import Artefact
from classifier.attributes import AttributeClassifier
from classifier.engines import engine_choose, engine_open
from classifier.preprocess import FloatArray, UnreadablePhotoError, decode
from classifier.training.data.cleaning.near_duplicates import PictureHash, picture_hash
from classifier.training.progress import Progress

BATCH = 32
SAVE_EVERY = 4096
"""Photos; a killed run loses what it has found out since."""
DECODE_SIDE = 256
"""Photos are hashed at this size or a little above: large ones decode faster."""
MOST_PHOTOS = 500_000
"""The longest unused ones are forgotten beyond that; 100 MB."""


@dataclass(frozen=True)
class PhotoFacts:
    """What is known of one photo."""

    digest: str
    """sha256 of the file in hex; "" where there is no such file."""
    error: str = ""
    """Why it cannot be read, in one line; "" if it can."""
    look: PictureHash | None = None
    """None where it is unreadable or too plain for a hash."""
    exterior: float | None = None
    """How likely it shows a car from outside, 0…1; None where that was not asked."""


class ExteriorClassifier(Protocol):
    """What facts need of an attribute classifier."""

    input_size: int

    def prepare(self, image: Any) -> FloatArray:
        """See AttributeClassifier.prepare."""
        ...

    def exterior(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """See AttributeClassifier.exterior."""
        ...


@dataclass(frozen=True)
class LazyAttributeClassifier:
    """An attribute classifier that is opened only when there is a photo it has not seen."""

    version: str
    """Answers are kept per version."""
    open: Callable[[], ExteriorClassifier]


def attribute_classifier_lazy(artefact: Artefact, *, cache_dir: Path) -> LazyAttributeClassifier:
    """The artefact's attribute classifier. Opening raises EngineError."""

    def opened() -> ExteriorClassifier:
        chosen, device = engine_choose("auto", "auto")
        engine = engine_open(artefact, engine=chosen, device=device, cache_dir=cache_dir)
        return AttributeClassifier(engine, artefact.spec)

    return LazyAttributeClassifier(version=artefact.version, open=opened)


class FactsCache:
    """Facts by content."""

    def __init__(self, folder: Path, *, attributes: LazyAttributeClassifier | None, most: int = MOST_PHOTOS) -> None:
        """attributes: None finds out nothing of what photos show. most: photos to remember."""
        self._file = folder / f"facts-{attributes.version if attributes else 'without'}.json"
        self._door, self._opening = attributes, Lock()
        self._opened: ExteriorClassifier | None = None
        self._most = most
        self._known: dict[str, PhotoFacts] = {}
        """By digest, the longest unused first."""

    def facts(self, paths: Sequence[Path], asked: Sequence[bool], progress: Progress) -> list[PhotoFacts]:
        """Of each file, in their order.

        asked: per file whether the attribute classifier has to see it. Raises EngineError, and
        OSError if the facts cannot be kept.
        """
        self._known = self._read(progress)
        found: list[PhotoFacts] = []
        fresh = 0
        batches = self._batches(list(zip(paths, asked, strict=True)))
        for batch in progress.track(batches, total=math.ceil(len(paths) / BATCH), what="reading photos"):
            for one, new in batch:
                found.append(one)
                fresh += new
                if one.digest:
                    self._known.pop(one.digest, None)  # so that it stands last, as used last
                    self._known[one.digest] = one
            if fresh >= SAVE_EVERY:
                self._save(len(found))
                fresh = 0
        self._save(len(found))
        return found

    def _batches(self, asked: Sequence[tuple[Path, bool]]) -> Iterator[list[tuple[PhotoFacts, bool]]]:
        """Facts and whether they are new; the next batch is decoded while one is classified."""
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="facts") as pool:
            ahead = [pool.submit(self._look, *one) for one in asked[:BATCH]]
            for start in range(BATCH, len(asked) + BATCH, BATCH):
                looked = [future.result() for future in ahead]
                ahead = [pool.submit(self._look, *one) for one in asked[start : start + BATCH]]
                yield self._with_exterior(looked)

    def _look(self, path: Path, asked: bool) -> _Looked:
        try:
            content = path.read_bytes()
        except OSError as error:
            return _Looked(PhotoFacts("", error=f"the file cannot be read: {error.strerror}"))
        digest = hashlib.sha256(content).hexdigest()
        known = self._known.get(digest)
        attributes = (
            self._attributes() if asked and (known is None or (known.exterior is None and not known.error)) else None
        )
        if known is not None and attributes is None:
            return _Looked(known)
        try:
            image = decode(content, min_side=max(DECODE_SIDE, attributes.input_size if attributes else 0)).image
        except UnreadablePhotoError as error:
            return _Looked(PhotoFacts(digest, error=str(error)), new=True)
        look = known.look if known is not None else picture_hash(image)
        return _Looked(PhotoFacts(digest, look=look), whole=attributes.prepare(image) if attributes else None, new=True)

    def _attributes(self) -> ExteriorClassifier | None:
        with self._opening:  # several threads decode, and a network takes seconds to open
            if self._opened is None and self._door is not None:
                self._opened = self._door.open()
            return self._opened

    def _with_exterior(self, looked: Sequence[_Looked]) -> list[tuple[PhotoFacts, bool]]:
        inputs = [one.whole for one in looked if one.whole is not None]
        attributes = self._opened if inputs else None
        said = iter(attributes.exterior(inputs).tolist() if attributes else ())
        return [
            (one.facts if one.whole is None else replace(one.facts, exterior=round(next(said), 4)), one.new)
            for one in looked
        ]

    def _read(self, progress: Progress) -> dict[str, PhotoFacts]:
        try:
            saved = json.loads(self._file.read_text(encoding="ascii"))
            return {digest: _from_json(digest, *cells) for digest, cells in saved.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            why = " ".join(str(error).split())[:120]
            progress.say(f"{self._file} is damaged ({why}): what it said of photos is found out again")
            return {}

    def _save(self, current: int) -> None:
        """current: so many were used by this run; none of them is forgotten."""
        for digest in list(self._known)[: max(0, len(self._known) - max(self._most, current))]:
            del self._known[digest]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(f".{os.getpid()}")
        try:
            with beside.open("w", encoding="ascii") as file:
                json.dump({digest: _as_json(one) for digest, one in self._known.items()}, file)
            beside.replace(self._file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._file)) from error  # a full disk names no file itself
        finally:
            beside.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Looked:
    """One file as a thread has left it."""

    facts: PhotoFacts
    whole: FloatArray | None = None
    """The attribute classifier's input, where it is to be asked."""
    new: bool = False


def _as_json(one: PhotoFacts) -> list[object]:
    look = [f"{one.look.coarse:016x}", one.look.fine] if one.look else [None, None]
    return [one.error, *look, one.exterior]


def _from_json(digest: str, error: str, coarse: str | None, fine: str | None, exterior: float | None) -> PhotoFacts:
    """Raises ValueError or TypeError for what was not written by _as_json."""
    look = PictureHash(int(coarse, 16), fine) if coarse and fine else None
    if look and len(bytes.fromhex(look.fine)) != 32:
        raise ValueError(f"{fine!r} is no hash of 256 bits")
    return PhotoFacts(digest, error=str(error), look=look, exterior=None if exterior is None else float(exterior))
