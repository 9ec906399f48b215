"""What a first start says while the networks are converted, which may take minutes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from classifier.engines.ir_seal import irs_underway

SECONDS = 10
"""Between two lines."""
# CPU-seconds on an idle core: loading the libraries, and then each network. Only their ratio is
# used, so that a slow or busy machine changes nothing.
LOADING, EACH = 6.0, 5.0


@contextmanager
def engine_progress(*, cache: Path, networks: int, say: Callable[[str], None]) -> Iterator[None]:
    """Say every few seconds how many networks are ready and how long the rest may take."""
    if not networks:
        yield
        return
    say(
        f"Engine: converting {networks} networks for this machine, on the first start only. "
        "Half a minute on an idle machine, some minutes on a busy one …"
    )
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(cache, networks, say, ended), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell(cache: Path, networks: int, say: Callable[[str], None], ended: threading.Event) -> None:
    started, ready = time.monotonic(), 0
    while not ended.wait(SECONDS):
        ready = max(ready, irs_underway(cache))  # what is ready is moved away in the end
        say(f"Engine: {progress_words(ready, networks, time.monotonic() - started)}")


def progress_words(ready: int, networks: int, seconds: float) -> str:
    """How far it is after so many seconds, and how long it still takes if it goes on like this."""
    said = f"{ready} of {networks} networks ready after {seconds:.0f} s"
    if not ready:
        return f"{said}, loading libraries"
    left = seconds / (LOADING + EACH * ready) * EACH * max(networks - ready, 0.5)
    return f"{said}, about {max(left, 1):.0f} s to go"
