"""The cache of a site without REDIS_URL: files, with counts that parallel requests cannot lose."""

import fcntl
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache


class CountingFileCache(FileBasedCache):
    """As Django's, with an atomic ``add`` and ``incr`` for all processes of this machine."""

    def add(self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        with self._alone():
            return super().add(key, value, timeout, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """The count ends when it would have ended anyway; Django's would begin its time anew."""
        with self._alone():
            value = self.get(key, version=version)
            if value is None:
                raise ValueError(f"Key '{key}' not found")
            self.set(key, value + delta, timeout=self._left(key, version), version=version)
        return int(value + delta)

    def _left(self, key: Any, version: int | None) -> float | None:
        """Seconds until a count ends; None = never."""
        path = Path(self._key_to_file(key, version))  # type: ignore[attr-defined]  # its stubs do not know it
        with path.open("rb") as file:
            ends: float | None = pickle.load(file)  # noqa: S301  # Django's own, in a folder that is ours alone
        return None if ends is None else max(1.0, ends - time.time())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        folder = Path(self._dir)  # type: ignore[attr-defined]  # its stubs do not know it
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
