"""What scripts/gpu_proof.sh measures of recognition on a GPU.

`python -m scripts.gpu_checks PROOF` compares the GPU's answers with the CPU engine's
(PROOF/expected.json of scripts/gpu_pack.py), then measures photos a second end to end, decoding
included, and the memory that it takes. Exit status 1: the answers differ.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch

from classifier.artefact import artefact_only
from classifier.recognise import WEIGHTS, Recogniser
from classifier.recognition import Recognition

SAME_STATUS, SAME_MODEL, CONFIDENCE = 0.99, 0.99, 0.02
"""As in tests/classifier/test_parity.py: shares of the photos, and the largest difference of the
mean confidence."""


def compared(expected: list[dict[str, object]], found: list[Recognition]) -> dict[str, float]:
    """Shares of photos that are answered alike, and how far confidences are apart."""
    pairs = list(zip(expected, found, strict=True))
    both = [(one["first"], other.candidates[0]) for one, other in pairs if one["first"] and other.candidates]
    apart = sorted(abs(one[2] - other.confidence) for one, other in both)  # type: ignore[index]
    return {
        "photos": len(pairs),
        "same_status": sum(one["status"] == other.status for one, other in pairs) / len(pairs),
        "same_kind": sum(one["kind"] == other.kind for one, other in pairs) / len(pairs),
        "answered_by_both": len(both),
        "same_model": sum(one[:2] == [other.make, other.model] for one, other in both) / max(len(both), 1),  # type: ignore[index]
        "confidence_apart_median": apart[len(apart) // 2] if apart else 0.0,
        "confidence_apart_99": apart[int(0.99 * (len(apart) - 1))] if apart else 0.0,
    }


def speed(recogniser: Recogniser, photos: list[Path], *, seconds: float) -> dict[str, float]:
    """Photos a second, end to end; the same photos again and again for `seconds`."""
    recogniser.recognise(photos[: 2 * recogniser.batch])
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for _ in recogniser.stream(iter(photos)):
            done += 1
    spent = time.perf_counter() - started
    return {"photos_per_s": done / spent, "photos": done, "seconds": spent}


def alone(recogniser: Recogniser, photo: Path, *, times: int = 20) -> float:
    """Milliseconds for one photo by itself, the median."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        recogniser.recognise([photo])
        spent.append((time.perf_counter() - started) * 1000)
    return sorted(spent)[times // 2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proof", type=Path)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    said = json.loads((given.proof / "expected.json").read_text())
    photos = [given.proof / one["file"] for one in said["photos"]]
    started = time.perf_counter()
    recogniser = Recogniser.open(
        classifier=artefact_only(WEIGHTS / "classifier").folder, engine="torch", device=given.device
    )
    opened = time.perf_counter() - started
    figures: dict[str, object] = {"version": recogniser.version, "engine": recogniser.engine, "open_s": opened}
    parity = compared(said["photos"], recogniser.recognise(photos))
    figures |= {"parity": parity, "speed": speed(recogniser, photos, seconds=given.seconds)}
    figures["one_photo_ms"] = alone(recogniser, photos[0])
    figures["memory_mb"] = {
        "process_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "gpu_peak": torch.cuda.max_memory_allocated() / 2**20 if given.device == "cuda" else 0.0,
    }
    recogniser.close()
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    good = (
        said["version"] == figures["version"]
        and parity["same_status"] >= SAME_STATUS
        and parity["same_model"] >= SAME_MODEL
        and parity["confidence_apart_median"] <= CONFIDENCE
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
