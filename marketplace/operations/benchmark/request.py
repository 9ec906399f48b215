"""What an operator asks of a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.engines import DeviceName, EngineName


@dataclass(frozen=True, kw_only=True)
class BenchmarkRequest:
    """One call of `benchmark`."""

    photos: Sequence[Path]
    classifier: Path
    """The folder of the artefact to measure."""
    engine: EngineName
    device: DeviceName
    first_start: bool = False
    """Whether to measure a worker's first start, too: it converts the networks."""
