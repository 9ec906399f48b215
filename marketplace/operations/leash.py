"""honcho's processes on a leash: if the one who started them dies, even by SIGKILL, none of them stays behind."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from honcho.compat import ProcessManager
from honcho.manager import Manager
from honcho.process import Popen, Process

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> None:
    """Ask Linux to send this process a signal when its parent dies. Other systems have no such thing.

    Elsewhere a supervisor that is killed leaves its processes; the lock in VAR_DIR then names them at the next start.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum)


class _LeashedPopen(Popen):
    def __init__(self, command: str, **options: Any) -> None:
        # exec: the signal must meet the program and not a shell around it.
        super().__init__(
            f"exec {command}", preexec_fn=lambda: die_with_parent(signal.SIGTERM), **options
        )  # fmt: skip


class _LeashedProcess(Process):
    """honcho's go-between, a fork that reads the program's output."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        die_with_parent(signal.SIGKILL)
        self._child_ctor = _LeashedPopen
        super().run(events, ignore_signals)


class _OwnProcessOnly(ProcessManager):
    """Asks the program to end and not, as honcho does, its whole group.

    Celery and gunicorn end their own children, after the work in hand.
    """

    def terminate(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


class LeashedManager(Manager):
    """honcho's manager, which also ends everything when its terminal goes away."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._process_ctor = _LeashedProcess
        self._procmgr = _OwnProcessOnly()
        signal.signal(signal.SIGHUP, _as_terminate)

    def terminate(self) -> None:
        """End all processes; one that is only just starting has no pid yet and goes by its leash."""
        if not self._all_started():
            sys.exit(130)
        super().terminate()


def _as_terminate(_signum: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
