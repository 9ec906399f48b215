"""Counts calls so that of any number in parallel exactly as many pass as are allowed."""

import math
import time
from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

from marketplace.counting import window_counted

if TYPE_CHECKING:  # the views module reads the settings, which name this one
    from rest_framework.views import APIView


class CountingThrottle(ScopedRateThrottle):
    """A view's ``throttle_scope`` within windows that begin with a caller's first call.

    DRF's own reads a list of calls, appends to it and writes it back: parallel calls overwrite each
    other's, and more pass than may. Here every call adds one to a count, which the cache does
    atomically. Its cost: at the turn of two windows twice as many may pass within a short time.
    """

    _left = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.scope = getattr(view, self.scope_attr, None)
        if not self.scope:
            return True
        self.rate = self.get_rate()
        allowed, duration = self.parse_rate(self.rate)
        if allowed is None or duration is None:
            return True
        key = self.get_cache_key(request, view)
        began, count = window_counted(f"count:{key}", duration)
        self._left = max(0.0, began + duration - time.time())
        return count <= allowed

    def wait(self) -> float:
        """Seconds until the caller's window ends."""
        return math.ceil(self._left)
