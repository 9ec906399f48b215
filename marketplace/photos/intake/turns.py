"""Turns at this machine's processors: how many uploads are decoded at once, and whose is next.

A turn is a locked file, which the system unlocks however its process ends, so that all web
processes of a machine share the turns. Within a process the caller who has had least goes first.
What a caller has had is counted for all processes together (see budgets), so nobody gains by
spreading uploads over them.
"""

import fcntl
import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from marketplace.photos.intake.callers import Caller, Lane

# Between two looks for a free turn that another process may have given back.
LOOK_SECONDS = 0.01
# As many as the upload page sends at once, and one that is tried again.
MOST_OF_ONE = 4


class NoTurnError(Exception):
    """Too many are waiting, or it took too long."""


class _Ticket:
    """One upload that waits; whoever has used least comes first, then whoever came first."""

    def __init__(self, *, used: int, number: int) -> None:
        self.rank = (used, number)


class Turns:
    """Of one process, over the files that all of them lock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: dict[str, list[_Ticket]] = {}
        self._here: dict[str, list[str]] = {}
        """Who is waiting or being served, by lane."""

    @contextmanager
    def turn(self, caller: Caller, *, used: int) -> Iterator[None]:
        """Wait for a turn and hold it. used: what the caller has had. Raises NoTurnError."""
        lane = caller.lane
        with self._changed:
            here = self._here.setdefault(lane.name, [])
            if len(here) >= lane.most_here or here.count(caller.who) >= MOST_OF_ONE:
                raise NoTurnError
            here.append(caller.who)
        try:
            held = self._take(lane, _Ticket(used=used, number=next(self._numbers)))
            try:
                yield
            finally:
                os.close(held)
        finally:
            with self._changed:
                here.remove(caller.who)
                self._changed.notify_all()

    def _take(self, lane: Lane, ticket: _Ticket) -> int:
        """The locked file of a turn."""
        deadline = time.monotonic() + lane.wait_s
        with self._changed:
            waiting = self._waiting.setdefault(lane.name, [])
            waiting.append(ticket)
            try:
                while (left := deadline - time.monotonic()) > 0:
                    first = ticket is min(waiting, key=lambda one: one.rank)
                    if first and (held := _free_turn(lane)) is not None:
                        return held
                    self._changed.wait(min(LOOK_SECONDS, left) if first else left)
            finally:
                waiting.remove(ticket)
                self._changed.notify_all()
        raise NoTurnError


def _free_turn(lane: Lane) -> int | None:
    """Raises OSError if the files cannot be made: a full disk takes no upload anyway."""
    folder = Path(settings.VAR_DIR) / "turns"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(lane.turns):
        file = os.open(folder / f"{lane.name}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        return file
    return None
