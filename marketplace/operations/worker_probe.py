"""A worker container's health check: `python -m marketplace.operations.worker_probe`.

Exits with 0 if the Celery worker on this host answers a ping; its main process does, also while a
child works on a photo. With ``--scheduler``: if the scheduler runs, which answers nobody.
"""

import socket
import sys
from pathlib import Path

from kombu.exceptions import OperationalError

from marketplace.celery import app

SECONDS = 5


def worker_answers() -> bool:
    """Whether this host's worker answers."""
    try:
        answers = app.control.ping(timeout=SECONDS) or []
    except (OperationalError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return False
    return any(name.endswith(f"@{socket.gethostname()}") for answer in answers for name in answer)


def scheduler_runs(processes: Path = Path("/proc")) -> bool:
    """Whether one of this container's processes is Celery's scheduler."""
    for file in processes.glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if b"beat" in words and any(word.endswith(b"celery") for word in words):
            return True
    return False


if __name__ == "__main__":
    sys.exit(0 if (scheduler_runs() if "--scheduler" in sys.argv else worker_answers()) else 1)
