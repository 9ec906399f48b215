"""A recogniser with a memory: versions that differ in their last layer share one look at a photo.

Finding the car, the photo's attributes and all layers of the network but the last are most of the
work, and the same for a champion and for what extends it. A second look at the same photos with the
same weights costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

from classifier.artefact import Artefact, ArtefactSpec, artefact_only, artefact_open
from classifier.attributes import body_threshold_of
from classifier.engines import DeviceName, Engine, EngineName, engine_choose
from classifier.engines.networks import build, last_prefix
from classifier.preprocess import Photo
from classifier.recognise import Recogniser
from classifier.recognition import Interpreter, Recognition, Sight
from classifier.taxonomy import Guess
from classifier.training.data.pictures.content_cache import ContentCache
from classifier.training.model.feature_extractor import extractor_digest, extractor_engine, from_bytes, to_bytes
from classifier.training.model.features import CACHE_FILE

FORM = "1"
"""Of what is kept; another one makes it anew."""
UNTOLD = ("colours", "cars", "boxes")
"""What is not kept of a sight, so that it is the same whether it was kept or is fresh."""
KEEP_AT_ONCE = 64
"""Photos; a killed run looks again at those it has seen since."""


class CachedRecogniser(Interpreter):
    """Says what a Recogniser says; opens one only for photos that were not looked at before.

    It tells neither colours nor the number of cars, with which no version is judged.
    """

    def __init__(
        self,
        artefact: Artefact,
        *,
        memory: Path,
        weights: Path,
        cache_dir: Path | None = None,
        spec: ArtefactSpec | None = None,
        engine: EngineName = "auto",
        device: DeviceName = "auto",
    ) -> None:
        """memory: the folder that keeps what was seen.

        spec: in place of the artefact's own, with other calibration or names for the same weights.
        The rest: see Recogniser.open. Raises ArtefactError or EngineError.
        """
        spec = spec or artefact.spec
        detector, attributes = artefact_only(weights / "detector"), artefact_only(weights / "usable")
        super().__init__(spec, body_threshold=body_threshold_of(attributes.spec))
        self.version = artefact.version
        self._network = build(artefact)
        last = last_prefix(self._network)[:-1]
        layer: Any = self._network.get_submodule(last)
        # Of some networks it is a convolution of one pixel, of some it has no bias.
        self._weight = layer.weight.flatten(start_dim=1).numpy()
        self.width: int = self._weight.shape[1]
        """How many features a sight has."""
        self._bias = 0.0 if layer.bias is None else layer.bias.numpy()
        self._network.set_submodule(last, nn.Identity())
        shown = spec.preprocessing
        # One by one, not as the dataclass: a field that it gains later must not blind old memories.
        self.extractor = extractor_digest(
            self._network, str((shown.input_size, shown.mean, shown.std, shown.interpolation)),
            str((shown.crop.version, shown.crop.margin, spec.mirrored)),
        )  # fmt: skip
        """Equal for two classifiers that see the same features of the same car: each can be asked
        what it says of the other's sights."""
        seen_by = (FORM, detector.version, attributes.version, self.extractor, *engine_choose(engine, device))
        self._kind = f"sights {hashlib.sha256(' '.join(seen_by).encode()).hexdigest()[:16]}"
        self._kept = ContentCache(memory / CACHE_FILE)

        def load(engine: EngineName, device: DeviceName) -> Engine:
            return extractor_engine(
                self._network, side=spec.preprocessing.input_size, engine=engine, device=device
            )  # fmt: skip

        def opened() -> Recogniser:
            return Recogniser.open(
                classifier=artefact.folder, weights=weights, engine=engine, device=device, cache_dir=cache_dir,
                network=load, colours=False,
            )  # fmt: skip

        self._open: Callable[[], Recogniser] = opened
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="digests")

    @classmethod
    def open(
        cls,
        *,
        classifier: Path,
        memory: Path,
        weights: Path,
        engine: EngineName = "auto",
        device: DeviceName = "auto",
        cache_dir: Path | None = None,
    ) -> CachedRecogniser:
        """For the artefact in folder `classifier`; raises as Recogniser.open does."""
        return cls(
            artefact_open(classifier), memory=memory, weights=weights, engine=engine, device=device,
            cache_dir=cache_dir,
        )  # fmt: skip

    def close(self) -> None:
        """Let go of the threads that read."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def stream(self, photos: Iterable[Photo]) -> Iterator[Recognition]:
        """See Recogniser.stream, and `sights`, whose errors it raises."""
        return self.answers(self.sights(photos))

    def digests(self, photos: Sequence[Photo]) -> list[str]:
        """sha256 of each photo's content; "" where there is none that could be found again."""
        return list(self._pool.map(_digest, photos))

    def sights(self, photos: Iterable[Photo]) -> Iterator[Sight]:
        """What is seen of photos below the network's last layer, whose input is their `outputs`.

        What was seen of all of them is held in memory, 5 KB each. Raises EngineError if a photo has
        to be looked at and that cannot be done, OSError if it cannot be kept.
        """
        asked = list(photos)
        digests = self.digests(asked)
        known = self._kept.get(self._kind, [digest for digest in digests if digest])
        unknown = [(photo, digest) for photo, digest in zip(asked, digests, strict=True) if digest not in known]
        with closing(self._fresh(unknown)) as fresh:
            for digest in digests:
                yield _from_bytes(known[digest]) if digest in known else next(fresh)

    def answers(self, seen: Iterable[Sight]) -> Iterator[Recognition]:
        """What the artefact says of sights as `sights` gives them, from wherever they were kept."""
        for one in seen:
            logits = None if one.outputs is None else one.outputs.reshape(-1) @ self._weight.T + self._bias
            yield from self.interpret([replace(one, outputs=logits)])

    def keep(self, digests: Sequence[str], sights: Iterable[Sight]) -> None:
        """Take what somebody else saw of photos, in the form of `sights`, for seen."""
        self._kept.put(self._kind, {digest: _to_bytes(one) for digest, one in zip(digests, sights, strict=True)})

    def _fresh(self, unknown: list[tuple[Photo, str]]) -> Generator[Sight]:
        """Sights with features as outputs, each kept."""
        if not unknown:
            return
        recogniser = self._open()
        new: dict[str, bytes] = {}
        try:
            seen = recogniser.sights(photo for photo, _ in unknown)
            for (_, digest), sight in zip(unknown, seen, strict=True):
                if digest and sight.status != "unreadable":  # the share may be back tomorrow
                    new[digest] = _to_bytes(sight)
                if len(new) == KEEP_AT_ONCE:
                    self._kept.put(self._kind, new)
                    new = {}
                yield replace(sight, cars=None, boxes=())
        finally:
            recogniser.close()
            self._kept.put(self._kind, new)  # also what was seen before somebody stopped it


def _digest(photo: Photo) -> str:
    if isinstance(photo, Path):
        try:
            with photo.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""  # the recogniser says what is wrong with it
    return hashlib.sha256(photo).hexdigest() if isinstance(photo, bytes) else ""


def _to_bytes(sight: Sight) -> bytes:
    """A line of JSON, then the features."""
    fields_of = asdict(replace(sight, outputs=None, timings_ms={}))
    for untold in UNTOLD:
        del fields_of[untold]
    features = b"" if sight.outputs is None else to_bytes(sight.outputs)
    return json.dumps(fields_of).encode("ascii") + b"\n" + features


def _from_bytes(kept: bytes) -> Sight:
    line, features = kept.split(b"\n", 1)
    fields_of = json.loads(line)
    return Sight(
        fields_of["status"],
        kind=fields_of["kind"],
        box=fields_of["box"] and tuple(fields_of["box"]),
        image_size=tuple(fields_of["image_size"]),
        view=fields_of["view"] and Guess(**fields_of["view"]),
        bodies=tuple(Guess(**one) for one in fields_of["bodies"]),
        outputs=from_bytes(features) if features else None,
        error=fields_of["error"],
    )
