"""gunicorn's settings for `make run` and for production. The names are gunicorn's.

The default is one process with many threads: photos are decoded in other processes, so the threads
mostly wait.
"""

import os
import shutil
import tempfile
from typing import Any

from marketplace.env import environment_read

env = environment_read()
bind = env.BIND
worker_class = "gthread"
workers = env.WEB_CONCURRENCY
threads = env.WEB_THREADS
timeout = 60
graceful_timeout = 4  # shorter than what honcho and Docker wait
keepalive = 5
control_socket_disable = True
loglevel = "warning"
# Behind a proxy the client's address is in a header, trusted only if it comes from these addresses.
forwarded_allow_ips = env.FORWARDED_ALLOW_IPS

if workers > 1:
    # Each process has its own counts, written to this folder; /metrics adds them up.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="forecourt-metrics-"))


def when_ready(_server: Any) -> None:
    print(f"Forecourt is at http://{bind}  (Ctrl-C ends it)", flush=True)  # noqa: T201  # for the terminal


def child_exit(_server: Any, worker: Any) -> None:
    if workers > 1:
        from prometheus_client import multiprocess  # noqa: PLC0415  # reads the folder's name on import

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    if workers > 1:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
