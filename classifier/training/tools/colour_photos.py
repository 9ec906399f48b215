"""The photos that the colour rule learns from, as features, with changed copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from classifier.artefact import Preprocessing, artefact_only
from classifier.colour import COLOURS, car_look, looks_features
from classifier.detect import Detector, the_car
from classifier.engines import Engine, engine_open
from classifier.preprocess import Box, Decoded, FloatArray, decode, letterbox
from classifier.training.data.colour_labels import ColourLabel
from classifier.training.data.manifest import manifest_read
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.progress import Progress

BATCH = 32
JITTER = 0.06
"""How far a copy's box is off on each side, as a share of its width or height."""
LIGHT, TINT = 0.08, 0.02
"""Standard deviations of the logarithms of a copy's brightness, and of each of its channels."""


@dataclass(frozen=True)
class ColourPhotos:
    """Labelled photos and what is seen of them."""

    labels: list[ColourLabel]
    vehicles: list[str]
    features: FloatArray
    """(copies, N, F); the first copy is the photo as it is."""
    statistics: int
    """How many of the F are statistics; the network's follow."""
    truth: NDArray[np.intp]
    also: NDArray[np.intp]
    """-1: nothing else."""

    def chosen(self, places: NDArray[np.bool_]) -> ColourPhotos:
        """Some of them."""
        kept = np.flatnonzero(places)
        return ColourPhotos(
            [self.labels[at] for at in kept],
            [self.vehicles[at] for at in kept],
            self.features[:, kept],
            self.statistics,
            self.truth[kept],
            self.also[kept],
        )


class LabelError(TrainError):
    """The list of labels does not fit the photos."""


def vehicles_of(labels: Sequence[ColourLabel], photos: Path) -> list[str]:
    """The vehicle of each, from the manifests. Raises LabelError, and ManifestError."""
    found: dict[str, str] = {}
    tested: set[str] = set()
    for source in sorted({label.source for label in labels}):
        for row in manifest_read(photos / source):
            name = f"{source}/{row.file}"
            found[name] = row.vehicle
            if split_of(row) == "test":
                tested.add(name)
    for label in labels:
        if label.file not in found:
            raise LabelError(f"{label.file} is in no manifest of {photos}")
        if label.file in tested and label.split != "test":
            raise LabelError(f"{label.file} is held out for tests, and must not be learned from")
    vehicles = [found[label.file] for label in labels]
    sides: dict[str, str] = {}
    for label, vehicle in zip(labels, vehicles, strict=True):
        if sides.setdefault(vehicle, label.split) != label.split:
            raise LabelError(f"vehicle {vehicle} stands on two sides of the split")
    return vehicles


def colour_photos(
    labels: Sequence[ColourLabel],
    *,
    photos: Path,
    weights: Path,
    engine: Engine,
    preprocessing: Preprocessing,
    copies: int,
    progress: Progress,
) -> ColourPhotos:
    """Find the cars, and compute the features of each photo and of `copies` changed ones of it.

    engine: runs the network. Photos on which no car is found are left out, which is said. Raises
    UnreadablePhotoError.
    """
    vehicles = vehicles_of(labels, photos)
    random = np.random.default_rng(0)
    kept: list[int] = []
    rows: list[FloatArray] = []
    cars = _cars(labels, photos=photos, weights=weights)
    for at, car in enumerate(progress.track(cars, total=len(labels), what="features")):
        if car is None:
            progress.say(f"{labels[at].file}: no car is found")
            continue
        shown = [car, *(changed(*car, random) for _ in range(copies))]
        rows.append(looks_features([car_look(*one, preprocessing) for one in shown], engine))
        kept.append(at)
    side = preprocessing.input_size
    seen = engine.infer(np.zeros((1, 3, side, side), dtype=np.float32)).shape[1]
    told = [labels[at] for at in kept]
    return ColourPhotos(
        labels=told,
        vehicles=[vehicles[at] for at in kept],
        features=np.stack(rows, axis=1),
        statistics=rows[0].shape[1] - seen,
        truth=np.asarray([COLOURS.index(one.colour) for one in told], dtype=np.intp),
        also=np.asarray([COLOURS.index(one.also) if one.also else -1 for one in told], dtype=np.intp),
    )


def changed(decoded: Decoded, box: Box, random: np.random.Generator) -> tuple[Decoded, Box]:
    """Another light, another camera, a box that is a little off; half of them mirrored."""
    gains = np.exp(random.normal(0, LIGHT) + random.normal(0, TINT, 3))
    levels = np.clip(np.arange(256)[None] * gains[:, None] + 0.5, 0, 255).astype(int)
    image = decoded.image.point(levels.ravel().tolist())
    (width, height), (x1, y1, x2, y2) = decoded.full_size, box
    off = random.uniform(-JITTER, JITTER, 4) * [x2 - x1, y2 - y1, x2 - x1, y2 - y1]
    left, top, right, bottom = np.round(np.asarray(box) + off).astype(int).tolist()
    if random.random() < 0.5:
        image, left, right = ImageOps.mirror(image), width - right, width - left
    inside = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
    return Decoded(image, decoded.full_size), inside


def _cars(labels: Sequence[ColourLabel], *, photos: Path, weights: Path) -> Iterator[tuple[Decoded, Box] | None]:
    """Each photo, as large as the recogniser decodes it, with its car's box; None without one."""
    artefact, usable = artefact_only(weights / "detector"), artefact_only(weights / "usable")
    detector = Detector(engine_open(artefact, engine="openvino", device="cpu", cache_dir=None), artefact.spec)
    least = max(detector.input_size, usable.spec.preprocessing.input_size)
    for start in range(0, len(labels), BATCH):
        batch = [decode(photos / label.file, min_side=least) for label in labels[start : start + BATCH]]
        boxed = [letterbox(one.image, detector.input_size, one.full_size) for one in batch]
        for one, detections in zip(batch, detector.detect(boxed, [one.full_size for one in batch]), strict=True):
            car = the_car(detections)
            yield None if car is None else (one, car.box)
