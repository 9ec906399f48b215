"""honcho's processes on a leash: if their supervisor dies, even by SIGKILL, all of them end."""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from honcho.compat import ProcessManager
from honcho.manager import Manager
from honcho.process import Popen, Process

from marketplace.parent import die_with_parent, leashed


class _LeashedPopen(Popen):
    def __init__(self, command: str, **options: Any) -> None:
        # exec: the signal must reach the program, not a shell around it.
        super().__init__(
            f"exec {command}", preexec_fn=leashed, **options
        )  # fmt: skip


class _LeashedProcess(Process):
    """honcho's intermediate process: a fork that reads the program's output."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        die_with_parent(signal.SIGKILL)
        self._child_ctor = _LeashedPopen
        super().run(events, ignore_signals)


class _OwnProcessOnly(ProcessManager):
    """Terminates only the program, where honcho terminates its whole process group.

    Celery and gunicorn end their own children, once these have finished their work.
    """

    def terminate(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


class LeashedManager(Manager):
    """honcho's manager, which also ends everything when its terminal is closed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._process_ctor = _LeashedProcess
        self._procmgr = _OwnProcessOnly()
        signal.signal(signal.SIGHUP, _as_terminate)

    def terminate(self) -> None:
        """End all processes. If one is still starting and has no pid yet, its leash ends it."""
        if not self._all_started():
            sys.exit(130)
        super().terminate()


def _as_terminate(_signum: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
