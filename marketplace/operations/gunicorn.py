"""gunicorn's settings, the same for `make run` and for production; names are gunicorn's own.

One process with many threads by default: pictures are decoded in processes of their own, so the threads mostly wait.
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
graceful_timeout = 4  # honcho and docker wait for longer than this
keepalive = 5
control_socket_disable = True
loglevel = "warning"
# Behind a proxy, the address of who asked is in its header; believed from this machine or these addresses only.
forwarded_allow_ips = env.FORWARDED_ALLOW_IPS

if workers > 1:
    # Each process counts for itself; /metrics adds up what they write here.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="forecourt-metrics-"))


def when_ready(_server: Any) -> None:
    print(f"Forecourt is at http://{bind}  (Ctrl-C ends it)", flush=True)  # noqa: T201  # for whoever started it


def child_exit(_server: Any, worker: Any) -> None:
    if workers > 1:
        from prometheus_client import multiprocess  # noqa: PLC0415  # reads the folder's name when it is imported

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    if workers > 1:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
