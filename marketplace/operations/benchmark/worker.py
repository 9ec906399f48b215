"""Measure a worker's process: time to the first recognition, memory, and whether it loads torch.

A new process loads what `celery worker` loads, opens its recogniser as the worker's task does, and
recognises the photos. It needs no broker, takes nothing from the site's queue and writes nothing to
the database. The figures leave out the worker's main process, which only waits, and the few
milliseconds that it takes to claim a photo and to store the answer.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError

from classifier.training.progress import Progress
from marketplace.operations.benchmark.request import BenchmarkRequest
from marketplace.photos.recognition.worker import champion_recogniser
from marketplace.refusals import Refused, not_migrated
from marketplace.registry.selectors import champion_get
from marketplace.training.recogniser import recogniser_open

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

STARTUP = """
import celery.bin.worker
from marketplace.celery import app
app.loader.import_default_modules()
from marketplace.operations.benchmark.worker import answer
answer()
"""
START_SECONDS, PHOTO_SECONDS = 900, 2
"""When to give up on a worker: time for a first start on a busy machine, and more per photo."""
_STATUS = Path("/proc/self/status")


class WorkerFailedError(Refused):
    """The worker's process gave no answer; the message says why in one line."""


@dataclass(frozen=True)
class Start:
    """The figures of one worker's process."""

    first_s: float
    """Seconds from the process's start to its first recognition."""
    peak_mb: float
    """Its peak memory in 10⁶ bytes, after it recognised all photos in the worker's batches."""
    torch: bool
    """Whether it loaded torch."""


def worker_measure(*, request: BenchmarkRequest, rounds: int, progress: Progress) -> dict[str, Any]:
    """The figures of `benchmark` about workers, from `rounds` processes.

    Expects that the networks were converted before. Raises WorkerFailedError.
    """
    one_photo = replace(request, photos=request.photos[:1])
    # A warm-up: the first process reads files from disk that a restarted worker finds in memory.
    worker_start(request=one_photo)
    starts = [worker_start(request=request) for _ in progress.track(range(rounds), total=rounds, what="worker starts")]
    figures: dict[str, Any] = {
        "cold_start_s": round(statistics.median(one.first_s for one in starts), 2),
        "worker_rss_mb": round(statistics.median(one.peak_mb for one in starts), 1),
        "worker_imports_torch": any(one.torch for one in starts),
    }
    if request.first_start:  # once, because it takes half a minute
        progress.say("A worker's first start …")
        with tempfile.TemporaryDirectory(prefix="forecourt-cache-") as empty:
            first = worker_start(request=one_photo, cache_dir=Path(empty))
        figures["first_start_s"] = round(first.first_s, 2)
    return figures


def worker_start(*, request: BenchmarkRequest, cache_dir: Path | None = None) -> Start:
    """Start a worker's process and wait for its answer.

    cache_dir: where it finds converted networks; None = the site's cache. Raises WorkerFailedError.
    """
    asked = {
        "photos": [str(path.absolute()) for path in request.photos],
        "classifier": str(request.classifier.absolute()),
        "cache_dir": str(cache_dir) if cache_dir else "",
        # Taken last, from the clock that all processes of a machine share.
        "started": time.monotonic(),
    }
    seconds = START_SECONDS + PHOTO_SECONDS * len(request.photos)
    try:
        done = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", STARTUP],
            input=json.dumps(asked),
            env={**os.environ, "RECOGNISER_ENGINE": request.engine, "RECOGNISER_DEVICE": request.device},
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerFailedError(f"The worker's process did not end within {seconds} s.") from error
    if done.returncode:
        how = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"ended with {done.returncode}"
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise WorkerFailedError(f"The worker's process {how}: {lines[-1][:300]}")
    return Start(**json.loads(done.stdout))


def answer() -> None:
    """In the worker's process: read the request from stdin, and write the figures to stdout."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what libraries print must not end up in the answer
        json.dump(_do(json.load(sys.stdin)), out)


def _do(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["cache_dir"]:
        settings.ENGINE_CACHE_DIR = Path(asked["cache_dir"])
    photos = [Path(path) for path in asked["photos"]]
    recogniser = _open(Path(asked["classifier"]))
    recogniser.recognise([photos[0].read_bytes()])
    first_s = time.monotonic() - asked["started"]
    for at in range(0, len(photos), settings.PHOTO_BATCH):
        recogniser.recognise([path.read_bytes() for path in photos[at : at + settings.PHOTO_BATCH]])
    recogniser.close()
    return {"first_s": first_s, "peak_mb": _peak_mb(), "torch": "torch" in sys.modules}


def _open(classifier: Path) -> "Recogniser":
    """The worker's own recogniser if this version serves, else one opened in the same steps."""
    try:
        champion = champion_get()
    except DatabaseError as error:
        if not not_migrated(error):
            raise
        champion = None
    if champion is not None and champion.folder == classifier:
        return champion_recogniser().recogniser
    return recogniser_open(folder=classifier, as_site=True)


def _peak_mb() -> float:
    if _STATUS.is_file():
        # On Linux ru_maxrss starts with the memory of the parent process.
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: in bytes
