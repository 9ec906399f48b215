"""A Celery worker that has its engine ready before it takes work."""

import os
import subprocess
import sys
from collections.abc import Sequence

from django.conf import settings

from marketplace.parent import leashed

CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "marketplace")


def worker_command(queues: Sequence[str]) -> list[str]:
    """Celery's command for a worker of these queues, named after the first, with one child."""
    return [
        *CELERY, "worker", f"--queues={','.join(queues)}", f"--hostname={queues[0]}@%h", "--pool=prefork",
        "--concurrency=1", "--loglevel=WARNING", "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def worker_run(*, queues: Sequence[str]) -> int:
    """Become a Celery worker of these queues.

    If they need an engine, it is prepared first, in a process whose memory is given back: a task
    would be ended by its time limit where converting the networks takes minutes. Returns the exit
    status of a preparation that failed.
    """
    if settings.ENGINE_QUEUES.intersection(queues):
        prepared = subprocess.run(
            [sys.executable, "manage.py", "setup_site", "--only-engine"],
            cwd=settings.BASE_DIR, check=False, preexec_fn=leashed,
        )  # fmt: skip
        if prepared.returncode:
            return prepared.returncode  # setup_site has printed why
    command = worker_command(queues)
    os.execv(command[0], command)  # noqa: S606  # our own command
    raise AssertionError("execv does not return")
