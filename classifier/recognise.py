"""The one door of the classifier: photos in, recognitions out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np

from classifier.artefact import NEVER, ArtefactError, ArtefactSpec, artefact_only, artefact_open
from classifier.attributes import EXTERIOR, OTHER, AttributeClassifier, PhotoAttributes
from classifier.classify import MakeModelClassifier
from classifier.colour import ColourClassifier, Look
from classifier.detect import Detector, prominent
from classifier.engines import DeviceName, Engine, EngineName, engine_choose, engines_open
from classifier.preprocess import (
    Box,
    Decoded,
    FloatArray,
    Letterbox,
    Photo,
    UnreadablePhotoError,
    crop_box,
    decode,
    decode_closer,
    letterbox,
    photo_load,
)
from classifier.recognition import Interpreter, Recognition, Sight, Status
from classifier.taxonomy import Guess

WEIGHTS = Path(__file__).resolve().parent / "weights"
BATCHES_AHEAD = 2
"""How many batches are decoded while one is inferred. With only one, cores would idle."""


class NoCropError(Exception):
    """The photo gives no crop to classify; the message says why in one line."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Crop:
    """The car of one photo as the classifier's input."""

    pixels: FloatArray
    """Shape (3, S, S), float32, normalised: the network's input."""
    box: Box
    """What was cut out, the crop rule's margin included, in pixels of the full upright photo."""


@dataclass
class _Work:
    """One photo on its way through the stages."""

    photo: Photo
    decoded: Decoded | None = None
    boxed: Letterbox | None = None
    whole: FloatArray | None = None
    error: str = ""
    attributes: PhotoAttributes | None = None
    box: Box | None = None
    shown: tuple[Box, ...] = ()
    look: Look | None = None
    colours: tuple[Guess, ...] = ()
    outputs: FloatArray | None = None
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.attributes.kind if self.attributes else ""

    def spend(self, stage: str, seconds: float) -> None:
        self.timings[stage] = self.timings.get(stage, 0.0) + seconds * 1000


class Recogniser(Interpreter):
    """Detector, attribute, make/model and colour classifier together. Thread-safe."""

    def __init__(
        self,
        *,
        detector: Detector,
        attribute_classifier: AttributeClassifier,
        classifier: MakeModelClassifier,
        colour_classifier: ColourClassifier | None = None,
        spec: ArtefactSpec,
        version: str,
        engine: str = "",
        batch: int = 16,
    ) -> None:
        """Use Recogniser.open."""
        super().__init__(
            spec,
            body_threshold=attribute_classifier.body_threshold,
            colour_threshold=colour_classifier.threshold if colour_classifier else NEVER,
        )
        self.version = version
        self.engine = engine
        self.batch = batch
        """How many photos go through together."""
        self._detector, self._attributes, self._classifier = detector, attribute_classifier, classifier
        self._colours = colour_classifier
        cores = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(max_workers=cores, thread_name_prefix="decode")
        # A pool of its own: cropping a batch must not wait until later batches are decoded.
        self._crops = ThreadPoolExecutor(max_workers=cores, thread_name_prefix="crop")

    @classmethod
    def open(
        cls,
        *,
        classifier: Path,
        weights: Path = WEIGHTS,
        engine: EngineName = "auto",
        cache_dir: Path | None = None,
        device: DeviceName = "auto",
        network: Callable[[EngineName, DeviceName], Engine] | None = None,
        colours: bool = True,
    ) -> Recogniser:
        """Load the make/model artefact in folder `classifier`, and the others from `weights`.

        engine, device: see engines.engine_choose. cache_dir: where OpenVINO keeps converted
        networks; without it every start converts anew. network: opens an engine to run instead of
        the classifier's own network; its outputs are in the sights, and recognitions make no sense
        with it. colours: whether they are told, if the weights have a folder `colour` at all.
        Raises ArtefactError or EngineError, each with one clear line.
        """
        chosen, place = engine_choose(engine, device)
        parts = ["detector", "usable"]
        if colours and (weights / "colour").is_dir():
            parts.append("colour")
        artefacts = {task: artefact_only(weights / task) for task in parts} | {"classifier": artefact_open(classifier)}
        for task, artefact in artefacts.items():
            if artefact.spec.task != task:
                raise ArtefactError(f"{artefact.folder} is a {artefact.spec.task} artefact, a {task} is needed here")
        own = {task: artefact for task, artefact in artefacts.items() if network is None or task != "classifier"}
        opened = engines_open(list(own.values()), engine=chosen, device=place, cache_dir=cache_dir)
        engines = dict(zip(own, opened, strict=True))
        if network is not None:
            engines["classifier"] = network(chosen, place)
        for task, artefact in artefacts.items():
            side = artefact.spec.preprocessing.input_size
            engines[task].infer(np.zeros((1, 3, side, side), dtype=np.float32))  # the first run is slow
        spec = artefacts["classifier"].spec
        paint = ColourClassifier(engines["colour"], artefacts["colour"]) if "colour" in engines else None
        return cls(
            detector=Detector(engines["detector"], artefacts["detector"].spec),
            attribute_classifier=AttributeClassifier(engines["usable"], artefacts["usable"].spec),
            classifier=MakeModelClassifier(engines["classifier"], spec),
            colour_classifier=paint,
            spec=spec,
            version=artefacts["classifier"].version,
            engine=engines["classifier"].name,
            batch=engines["classifier"].batch,
        )

    def close(self) -> None:
        """End the decoding threads; a worker calls it before it opens a new champion."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._crops.shutdown(wait=True, cancel_futures=True)

    def recognise(self, photos: Iterable[Photo]) -> list[Recognition]:
        """Recognise photos (paths, encoded bytes or Pillow images), in their order.

        A photo that cannot be read gets status "unreadable" and leaves the others alone.
        """
        return list(self.stream(photos))

    def stream(self, photos: Iterable[Photo]) -> Iterator[Recognition]:
        """As recognise, in constant memory: later batches are decoded while one is inferred."""
        for batch in self._see(photos):
            yield from self.interpret(batch)

    def sights(self, photos: Iterable[Photo]) -> Iterator[Sight]:
        """As stream, but before classes and calibration are applied."""
        for batch in self._see(photos):
            yield from batch

    def crop(self, photo: Photo) -> Crop:
        """The photo's car, cut out as by recognise. Raises NoCropError if nothing is recognised."""
        work = self._decode(photo)
        self._inspect([work] if work.decoded is not None else [])
        pixels = self._crop(work) if _status(work) == "ok" else None
        if work.decoded is None or work.box is None or pixels is None:
            raise NoCropError(_status(work), _why_not(work))
        return Crop(pixels, crop_box(work.box, work.decoded.full_size, self._spec.preprocessing.crop))

    def log_probs(self, crops: Sequence[FloatArray]) -> list[FloatArray]:
        """Per network input, shape (3, S, S), an array as Recognition.log_probs."""
        return self._classifier.log_probs(crops)

    def _decode_ahead(self, waiting: Iterator[Photo]) -> list[Future[_Work]]:
        return [self._pool.submit(self._decode, photo) for photo in islice(waiting, self.batch)]

    def _decode(self, photo: Photo) -> _Work:
        start = perf_counter()
        work = _Work(photo)
        try:
            work.photo = photo_load(photo)  # once: a large car is decoded a second time, at a larger scale
            work.decoded = decode(work.photo, min_side=max(self._detector.input_size, self._attributes.input_size))
        except UnreadablePhotoError as error:
            work.error = str(error)
        else:
            work.boxed = letterbox(work.decoded.image, self._detector.input_size, work.decoded.full_size)
            work.whole = self._attributes.prepare(work.decoded.image)
        work.spend("decode", perf_counter() - start)
        return work

    def _see(self, photos: Iterable[Photo]) -> Iterator[list[Sight]]:
        waiting = iter(photos)
        ahead = deque(self._decode_ahead(waiting) for _ in range(BATCHES_AHEAD))
        while futures := ahead.popleft():
            batch = [future.result() for future in futures]
            ahead.append(self._decode_ahead(waiting))
            readable = [work for work in batch if work.decoded is not None]
            self._inspect(readable)
            self._classify([work for work in readable if _status(work) == "ok"])
            yield [_sight(work) for work in batch]

    def _inspect(self, works: list[_Work]) -> None:
        self._find_cars(works)
        self._find_attributes(works)

    def _find_cars(self, works: list[_Work]) -> None:
        start = perf_counter()
        inputs = [work.boxed for work in works if work.boxed is not None]
        sizes = [work.decoded.full_size for work in works if work.decoded is not None]
        for work, detections in zip(works, self._detector.detect(inputs, sizes), strict=True):
            work.shown = tuple(car.box for car in prominent(detections))
            work.box = work.shown[0] if work.shown else None
        _share("detect", works, start)

    def _find_attributes(self, works: list[_Work]) -> None:
        start = perf_counter()
        inputs = [work.whole for work in works if work.whole is not None]
        for work, attributes in zip(works, self._attributes.kinds(inputs), strict=True):
            work.attributes = attributes
        _share("usable", works, start)

    def _classify(self, works: list[_Work]) -> None:
        start = perf_counter()
        crops = list(self._crops.map(self._crop, works))
        cut = [(work, crop) for work, crop in zip(works, crops, strict=True) if crop is not None]
        if cut:
            outputs = self._classifier.outputs([crop for _, crop in cut])
            for (work, _), row in zip(cut, outputs, strict=True):
                work.outputs = row
        if self._colours is not None:
            looks = [(work, work.look) for work in works if work.look is not None]
            told = self._colours.colours([look for _, look in looks])
            for (work, _), colours in zip(looks, told, strict=True):
                work.colours = colours
        _share("classify", works, start)

    def _crop(self, work: _Work) -> FloatArray | None:
        """The car as input; None, and the work marked unreadable, if decoding again fails."""
        if work.decoded is None:
            return None
        if self._colours is not None and work.box is not None:
            work.look = self._colours.prepare(work.decoded, work.box)
        try:
            decoded = decode_closer(
                work.photo, work.decoded, work.box, self._spec.preprocessing.crop, side=self._classifier.input_size
            )
        except UnreadablePhotoError as error:
            work.decoded, work.error = None, str(error)
            return None
        return self._classifier.prepare(decoded, work.box)


def _status(work: _Work) -> Status:
    """The outcome for a photo after detection and attributes."""
    if work.decoded is None:
        return "unreadable"
    if work.kind != EXTERIOR:
        # Whatever the detector says: it finds cars in a third of all interiors, and in motorcycles.
        return "not_usable"
    return "no_vehicle" if work.box is None else "ok"


def _sight(work: _Work) -> Sight:
    timings = {stage: work.timings.get(stage, 0.0) for stage in ("decode", "detect", "usable", "classify")}
    timings["total"] = sum(timings.values())
    timings = {stage: round(value, 3) for stage, value in timings.items()}
    if work.decoded is None:
        return Sight("unreadable", error=work.error, timings_ms=timings)
    status = _status(work)
    shown = work.attributes if status == "ok" else None
    return Sight(
        status,
        kind=work.kind,
        box=work.box if work.kind == EXTERIOR else None,
        image_size=work.decoded.full_size,
        view=shown.view if shown else None,
        bodies=shown.bodies if shown else (),
        colours=work.colours,
        cars=len(work.shown) if work.kind == EXTERIOR else None,
        boxes=work.shown if work.kind == EXTERIOR else (),
        outputs=work.outputs,
        timings_ms=timings,
    )


def _why_not(work: _Work) -> str:
    """Why there is no crop, in words."""
    shot = f"the photo is {'an' if work.kind[:1] in 'aeiou' else 'a'} {work.kind} shot"
    return {
        "unreadable": f"the photo is unreadable: {work.error}",
        "not_usable": "there is no car on the photo" if work.kind == OTHER else shot,
        "no_vehicle": "no vehicle was found on the photo",
    }[_status(work)]


def _share(stage: str, works: list[_Work], start: float) -> None:
    seconds = perf_counter() - start
    for work in works:
        work.spend(stage, seconds / len(works))
