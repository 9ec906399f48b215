"""What was computed of photos, kept by their content's hash in one bounded SQLite file.

A cache: it may be deleted at any time and is made again, as it is when it is found damaged. A value
that was changed, or belongs to another photo, is as good as none: each has a checksum. Several
processes may use it at once, and one that is killed loses only what it had not put in yet.
"""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

LIMIT = 4 * 2**30
"""Bytes of values: features of 800,000 photos."""
AT_ONCE = 500
"""So many photos are named in one statement."""
DAY = 24 * 3600
CHECK_BYTES = 16
WAIT_SECONDS = 60
"""For another process that writes."""
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_T = TypeVar("_T")


class ContentCache:
    """Bytes by kind (what they are) and digest (of which photo)."""

    def __init__(self, file: Path, *, limit: int = LIMIT) -> None:
        """limit: bytes that all values may take.

        Those unused the longest go first, but none of the last day's.
        """
        self._file, self._limit = file, limit

    def get(self, kind: str, digests: Sequence[str]) -> dict[str, bytes]:
        """By digest, those that are here. Raises OSError if the file cannot be read or written."""
        if not self._file.exists():
            return {}
        now = int(time.time())

        def read(base: sqlite3.Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            stale: list[tuple[int, str, str]] = []
            wanted = list(dict.fromkeys(digests))
            for start in range(0, len(wanted), AT_ONCE):
                some = wanted[start : start + AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = base.execute(
                    f"SELECT digest, CAST(value AS BLOB), used FROM checked WHERE kind = ? AND digest IN ({marks})",  # noqa: S608
                    (kind, *some),
                ).fetchall()
                found |= {digest: value[CHECK_BYTES:] for digest, value, _ in rows if _is_whole(kind, digest, value)}
                # Once a day is enough to know what is unused, and spares most runs the writing.
                stale += [(now, kind, digest) for digest, _, used in rows if used < now - DAY]
            # After all reading: a transaction that reads first may not write once another has.
            if stale:
                base.executemany("UPDATE checked SET used = ? WHERE kind = ? AND digest = ?", stale)
            return found

        return self._transaction(read)

    def put(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep them, whatever was there before. Raises OSError, of a full disk as well."""
        now = int(time.time())
        self._file.parent.mkdir(parents=True, exist_ok=True)

        def write(base: sqlite3.Connection) -> None:
            base.executemany(
                "INSERT OR REPLACE INTO checked (kind, digest, used, size, value) VALUES (?, ?, ?, ?, ?)",
                [
                    (kind, digest, now, len(value), _check(kind, digest, value) + value)
                    for digest, value in values.items()
                ],
            )
            self._make_room(base, before=now - DAY)

        self._transaction(write)

    def _make_room(self, base: sqlite3.Connection, *, before: int) -> None:
        (taken,) = base.execute("SELECT coalesce(sum(size), 0) FROM checked").fetchone()
        if taken <= self._limit:
            return
        # A tenth more than needed: not again at the next photo.
        spare, gone = taken - self._limit * 9 // 10, []
        for row, size in base.execute("SELECT rowid, size FROM checked WHERE used < ? ORDER BY used, rowid", (before,)):
            if spare <= 0:
                break
            gone.append((row,))
            spare -= size
        base.executemany("DELETE FROM checked WHERE rowid = ?", gone)

    def _transaction(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            try:
                return self._once(work)
            except sqlite3.DatabaseError as error:
                if not getattr(error, "sqlite_errorname", "").startswith(_DAMAGED):
                    raise
            for ending in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
            return self._once(work)
        except sqlite3.DatabaseError as error:
            full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
            raise OSError(errno.ENOSPC if full else errno.EIO, str(error), str(self._file)) from error

    def _once(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with closing(sqlite3.connect(self._file, timeout=WAIT_SECONDS)) as base:
            _switch_to_wal(base)
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute("DROP TABLE IF EXISTS kept")  # of versions whose values had no checksum
            base.execute(
                "CREATE TABLE IF NOT EXISTS checked (kind TEXT NOT NULL, digest TEXT NOT NULL, used INTEGER NOT NULL, "
                "size INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, digest))"
            )
            # Tells what there is to remove without a look at the values.
            base.execute("CREATE INDEX IF NOT EXISTS checked_by_use ON checked (used, size)")
            with base:
                return work(base)


def _check(kind: str, digest: str, value: bytes) -> bytes:
    """What a value is stored behind: also of its key, so that two of them cannot change places."""
    key = f"{kind}\n{digest}".encode(errors="surrogateescape")
    return hashlib.blake2b(value, digest_size=CHECK_BYTES, key=hashlib.sha256(key).digest()).digest()


def _is_whole(kind: str, digest: str, stored: bytes) -> bool:
    return stored[:CHECK_BYTES] == _check(kind, digest, stored[CHECK_BYTES:])


def _switch_to_wal(base: sqlite3.Connection) -> None:
    """Two processes may do it in a new file, and SQLite refuses one without waiting its timeout."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            base.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
