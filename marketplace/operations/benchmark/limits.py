"""The limits that `benchmark` compares its figures with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ONE_PHOTO_P50_MS = 120
"""The project's requirement for single photos: half of them are answered within this time."""
COLD_START_S = 8
"""The project's requirement for a worker's restart, from its start to its first recognition."""
WORKER_RSS_MB = 1000
"""The project's requirement for a worker's memory on a CPU; it must not load torch either."""


@dataclass(frozen=True)
class Check:
    """One figure and its limit."""

    what: str
    found: str
    limit: str
    kept: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.found}, the limit is {self.limit}."


def checks(found: Mapping[str, Any]) -> list[Check]:
    """The figures that have a limit. Those of a CPU's worker only apply where OpenVINO served."""
    p50, cold_start = found["one_photo_ms"]["p50"], found["cold_start_s"]
    result = [
        Check("One photo alone, p50", f"{p50:.0f} ms", f"{ONE_PHOTO_P50_MS:,} ms", p50 <= ONE_PHOTO_P50_MS),
        Check("Worker's cold start", f"{cold_start:.1f} s", f"{COLD_START_S:,} s", cold_start <= COLD_START_S),
    ]
    if found["engine"] == "openvino":
        memory, torch = found["worker_rss_mb"], found["worker_imports_torch"]
        result += [
            Check("Worker's memory", f"{memory:,.0f} MB", f"{WORKER_RSS_MB:,} MB", memory <= WORKER_RSS_MB),
            Check("Worker loads torch", "yes" if torch else "no", "no", not torch),
        ]
    return result
