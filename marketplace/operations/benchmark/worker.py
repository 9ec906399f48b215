"""A worker's process, measured: how long until its first recognition, how much memory, and whether it loads torch.

A fresh process loads what ``celery worker`` loads, opens its recogniser as the worker's task does, and recognises the
photos. It needs no broker, takes nothing from the site's queue and writes nothing to the database. What is not in the
figures: the worker's main process, which only waits, and the milliseconds of claiming a photo and storing its answer.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError

from classifier.engines import DeviceName, EngineName
from classifier.training.progress import Progress
from marketplace.photos.worker import champion_recogniser
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
"""After which a worker is given up: for a first start on a busy machine, and in addition for each photo."""
_STATUS = Path("/proc/self/status")


class WorkerFailedError(Refused):
    """The worker's process did not answer; the message says why in one line."""


@dataclass(frozen=True)
class Start:
    """What one worker's process was like."""

    first_s: float
    """Seconds from the process's start until it has recognised its first photo."""
    peak_mb: float
    """The most memory it held at once, in 10⁶ bytes, after it recognised all photos in the worker's batches."""
    torch: bool
    """Whether it has loaded torch."""


def worker_measure(
    *,
    photos: Sequence[Path],
    classifier: Path,
    engine: EngineName,
    device: DeviceName,
    rounds: int,
    first_start: bool,
    progress: Progress,
) -> dict[str, Any]:
    """The figures of ``benchmark`` about workers, from so many processes; expects a filled cache of networks.

    Raises WorkerFailedError.
    """
    # The first one finds files that are not in memory yet; a restarted worker's are.
    worker_start(photos=photos[:1], classifier=classifier, engine=engine, device=device)
    starts = [
        worker_start(photos=photos, classifier=classifier, engine=engine, device=device)
        for _ in progress.track(range(rounds), total=rounds, what="worker starts")
    ]
    figures: dict[str, Any] = {
        "cold_start_s": round(statistics.median(one.first_s for one in starts), 2),
        "worker_rss_mb": round(statistics.median(one.peak_mb for one in starts), 1),
        "worker_imports_torch": any(one.torch for one in starts),
    }
    if first_start:  # once: it takes half a minute
        progress.say("A worker's first start …")
        with tempfile.TemporaryDirectory(prefix="forecourt-cache-") as empty:
            first = worker_start(
                photos=photos[:1], classifier=classifier, engine=engine, device=device, cache_dir=Path(empty)
            )
        figures["first_start_s"] = round(first.first_s, 2)
    return figures


def worker_start(
    *,
    photos: Sequence[Path],
    classifier: Path,
    engine: EngineName,
    device: DeviceName,
    cache_dir: Path | None = None,
) -> Start:
    """Start a worker's process and wait for its answer. cache_dir: in place of the site's. Raises WorkerFailedError."""
    asked = {
        "photos": [str(path.absolute()) for path in photos],
        "classifier": str(classifier.absolute()),
        "cache_dir": str(cache_dir) if cache_dir else "",
        # Last, and of the clock that counts alike for all processes of a machine.
        "started": time.monotonic(),
    }
    seconds = START_SECONDS + PHOTO_SECONDS * len(photos)
    try:
        done = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", STARTUP],
            input=json.dumps(asked),
            env={**os.environ, "RECOGNISER_ENGINE": engine, "RECOGNISER_DEVICE": device},
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
    """In the worker's process: what is asked on stdin is done, and what it was like goes to stdout."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # whatever libraries print would end up in the answer
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
    """By the worker's own way; a version that does not serve, or a model where there is no site yet, in its steps."""
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
        # Linux' ru_maxrss begins with what the process held that started this one.
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: in bytes
