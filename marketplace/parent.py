"""Processes that do not outlive the one that started them."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> None:
    """Ask Linux to send this process a signal when its parent dies. Other systems cannot.

    There, a supervisor that is killed leaves its processes running; the lock in VAR_DIR then names
    them at the next start.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum)


def leashed() -> None:
    """For subprocess's preexec_fn: however this process ends, the child gets SIGTERM."""
    die_with_parent(signal.SIGTERM)
