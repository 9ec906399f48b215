"""Whether a version is fit to serve on this machine: both engines say the same, and one photo is not slow."""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.engines import EngineName
from classifier.training.manifest import ManifestRow
from marketplace.training.eye import recogniser_open

if TYPE_CHECKING:
    from classifier.recognise import Recognition

PARITY_PHOTOS = 100
"""PyTorch in float32 looks at some ten photos a second on two cores."""
LATENCY_PHOTOS = 40
WARM_UP_PHOTOS = 4


@dataclass(frozen=True)
class Parity:
    """OpenVINO against PyTorch in float32, both on the CPU."""

    photos: int
    """Looked at, and answered by at least one of the two."""
    differing: int
    """Of those, whose first answer differs, or which only one of them answered."""
    largest: float
    """The largest difference between the two of any class's probability on any photo."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Latency:
    """Milliseconds for a photo that comes alone, from file to answer: half of them took no longer."""

    photos: int
    challenger: float
    champion: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def parity_measure(*, folder: Path, rows: Sequence[ManifestRow]) -> Parity | None:
    """Let both engines look at a sample of the photos with the artefact in ``folder``; None if nothing was answered.

    Raises ArtefactError or EngineError: also that the artefact opens in OpenVINO is shown here.
    """
    photos = _sample(rows, PARITY_PHOTOS)
    if not photos:
        return None
    engines: tuple[EngineName, EngineName] = ("openvino", "torch")
    answers = [_answers(folder, engine, photos) for engine in engines]
    pairs = [(one, other) for one, other in zip(*answers, strict=True) if one.candidates or other.candidates]
    if not pairs:
        return None
    gaps = [
        float(np.abs(np.exp(one.log_probs) - np.exp(other.log_probs)).max())
        for one, other in pairs
        if one.log_probs is not None and other.log_probs is not None
    ]
    return Parity(
        photos=len(pairs),
        differing=sum(_first(one) != _first(other) for one, other in pairs),
        largest=max(gaps, default=1.0),
    )


def latency_measure(*, challenger: Path, champion: Path | None, rows: Sequence[ManifestRow]) -> Latency | None:
    """Time single photos through the Recogniser as this site serves; None if there are none.

    Champion and challenger take turns at each photo: whatever else this machine does meanwhile, it does to both.
    Raises ArtefactError or EngineError.
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


def _answers(folder: Path, engine: EngineName, photos: Sequence[Path]) -> "list[Recognition]":
    recogniser = recogniser_open(folder=folder, engine=engine, device="cpu")
    try:
        return recogniser.recognise(photos)
    finally:
        recogniser.close()


def _first(said: "Recognition") -> tuple[str, str, str] | None:
    best = said.candidates[0] if said.candidates else None
    return (best.make, best.model, best.years) if best else None


def _sample(rows: Sequence[ManifestRow], most: int) -> list[Path]:
    """The same photos for the same rows, from all over the manifest."""
    return [row.path for row in random.Random(0).sample(list(rows), min(most, len(rows)))]  # noqa: S311  no secret
