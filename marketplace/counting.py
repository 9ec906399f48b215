"""Counts in the cache, which any number of processes add to at once without losing any.

What is limited is counted first and judged by the sum: no call reads a count, adds to it and writes
it back. Works with every cache whose ``add`` and ``incr`` are atomic: Redis, and file_cache.
"""

import math
import time
from typing import Any, NamedTuple

from django.core.cache import cache

SLICES = 6
SLICE_SECONDS = 10


def window_counted(key: str, duration: int) -> tuple[float, int]:
    """When the caller's window began, and how many calls it has had with this one."""
    # Race: of two first calls one begins the window, and both read the same beginning.
    cache.add(key, time.time(), timeout=duration)
    began: Any = cache.get(key)
    if began is None:  # it ended between the two lines
        return window_counted(key, duration)
    # The beginning is part of the name: no window ever finds another one's count.
    calls = f"{key}:{began:.6f}"
    cache.add(calls, 0, timeout=2 * duration)
    return began, cache.incr(calls)


class Spent(NamedTuple):
    """What became of a wish to spend."""

    allowed: bool
    used: int
    """Within the last minute, with this if it was allowed."""
    wait: int
    """Seconds after which the same would be allowed; 0 if it was."""


def budget_spend(key: str, amount: int, *, per_minute: int) -> Spent:
    """Spend from a budget that comes back: what was spent a minute ago is there again.

    The minute has slices of ten seconds with a count each, so nothing has to be set back at a fixed
    moment. amount: at most ``per_minute`` counts, so that whoever waits may come in at last.
    """
    amount = min(amount, per_minute)
    now = int(time.time() // SLICE_SECONDS)
    names = {slice_: f"budget:{key}:{slice_}" for slice_ in range(now - SLICES + 1, now + 1)}
    # Race: calls at once all add before any of them judges. So they never spend more together than
    # there is; at worst the last of it goes to nobody for a moment.
    own = _added(names[now], amount)
    found = cache.get_many([name for slice_, name in names.items() if slice_ != now])
    spent = {slice_: int(found.get(name, 0)) for slice_, name in names.items()} | {now: own}
    used = sum(spent.values())
    if used <= per_minute:
        return Spent(allowed=True, used=used, wait=0)
    _added(names[now], -amount)
    over = used - per_minute
    for slice_ in sorted(spent):  # the oldest comes back first
        over -= spent[slice_]
        if over <= 0:
            wait = (slice_ + SLICES) * SLICE_SECONDS - time.time()
            return Spent(allowed=False, used=used - amount, wait=max(1, math.ceil(wait)))
    return Spent(allowed=False, used=used - amount, wait=SLICES * SLICE_SECONDS)


def _added(name: str, amount: int) -> int:
    kept = (SLICES + 1) * SLICE_SECONDS
    cache.add(name, 0, timeout=kept)
    return cache.incr(name, amount)
