"""Whether a version can serve on this machine: both engines agree, and a photo is quick."""

import contextlib
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from django.conf import settings

from classifier.artefact import TrainedClass, artefact_open
from classifier.classify import MakeModelClassifier
from classifier.engines import engine_open
from classifier.preprocess import FloatArray
from classifier.recognise import NoCropError
from classifier.taxonomy import summarise
from classifier.training.data.manifest import ManifestRow
from marketplace.training.recogniser import recogniser_open

PARITY_PHOTOS = 100
LATENCY_PHOTOS = 30
WARM_UP_PHOTOS = 3
ENGINES: tuple[Literal["openvino"], Literal["torch"]] = ("openvino", "torch")


@dataclass(frozen=True)
class Parity:
    """OpenVINO compared with PyTorch in float32, both on the CPU."""

    photos: int
    """Photos with a car to name."""
    differing: int
    """How many of them have another first answer."""
    largest: float
    """The largest difference of any class's probability on any photo."""

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Latency:
    """The median time from file to answer, in milliseconds, for photos that come one at a time."""

    photos: int
    challenger: float
    champion: float | None

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


def parity_measure(*, folder: Path, rows: Sequence[ManifestRow]) -> Parity | None:
    """Compare both engines' answers with the artefact in `folder`, on a sample of the photos.

    None if none of the photos shows a car. Both engines get the same crops: every version has the
    same detector and attribute classifier, and PyTorch's detector would take longer than all the
    rest. Raises ArtefactError or EngineError.
    """
    photos = _sample(rows, PARITY_PHOTOS)
    if not photos:
        return None
    # Imported here: it loads OpenVINO, which the web and the scheduler must not do.
    from classifier.engines.openvino_engine import irs_cached  # noqa: PLC0415

    artefact = artefact_open(folder)
    cache = Path(settings.ENGINE_CACHE_DIR)
    irs_cached([artefact], cache, here=True)  # in this process, which needs torch in any case
    crops = _crops(folder, photos)
    if not crops:
        return None
    ours, theirs = (
        MakeModelClassifier(engine_open(artefact, engine=name, device="cpu", cache_dir=cache), artefact.spec).log_probs(
            crops
        )
        for name in ENGINES
    )
    return parity_of(ours=ours, theirs=theirs, classes=artefact.spec.classes)


def parity_of(*, ours: Sequence[FloatArray], theirs: Sequence[FloatArray], classes: Sequence[TrainedClass]) -> Parity:
    """Compare two engines' log-probabilities of the same crops.

    ours, theirs: one array of shape (classes,) per crop; at least one crop.
    """
    pairs = [(np.exp(one), np.exp(other)) for one, other in zip(ours, theirs, strict=True)]
    return Parity(
        photos=len(pairs),
        differing=sum(_first(one, classes) != _first(other, classes) for one, other in pairs),
        largest=max(float(np.abs(one - other).max()) for one, other in pairs),
    )


def latency_measure(*, challenger: Path, champion: Path | None, rows: Sequence[ManifestRow]) -> Latency | None:
    """Time single photos through the Recogniser as this site runs it; None if there are no photos.

    Champion and challenger take turns at each photo, so that other load on the machine slows both
    alike. Raises ArtefactError or EngineError.
    """
    photos = _sample(rows, LATENCY_PHOTOS)
    if not photos:
        return None
    recognisers = [recogniser_open(folder=folder) for folder in (challenger, champion) if folder is not None]
    times: list[list[float]] = [[] for _ in recognisers]
    try:
        for photo in photos[:WARM_UP_PHOTOS]:
            for recogniser in recognisers:
                recogniser.recognise([photo])
        for photo in photos:
            for recogniser, took in zip(recognisers, times, strict=True):
                start = time.perf_counter()
                recogniser.recognise([photo])
                took.append((time.perf_counter() - start) * 1000)
    finally:
        for recogniser in recognisers:
            recogniser.close()
    medians = [statistics.median(took) for took in times]
    return Latency(len(photos), challenger=medians[0], champion=medians[1] if len(medians) > 1 else None)


def _crops(folder: Path, photos: Sequence[Path]) -> list[FloatArray]:
    """What the classifier sees of the photos; those without a usable car are left out."""
    crops = []
    recogniser = recogniser_open(folder=folder)
    try:
        for photo in photos:
            with contextlib.suppress(NoCropError):
                crops.append(recogniser.crop(photo).pixels)
    finally:
        recogniser.close()
    return crops


def _first(probs: FloatArray, classes: Sequence[TrainedClass]) -> tuple[str, str, str] | None:
    candidates = summarise(probs, classes)[1]
    return (candidates[0].make, candidates[0].model, candidates[0].years) if candidates else None


def _sample(rows: Sequence[ManifestRow], most: int) -> list[Path]:
    """A random sample of the photos; the same rows give the same sample."""
    return [row.path for row in random.Random(0).sample(list(rows), min(most, len(rows)))]  # noqa: S311  no secret
