"""How often a visitor without an account may ask."""

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

# Each photo costs the worker real time; a person who tries the page out stays far below.
PER_MINUTE = 20
PER_HOUR = 120


def identify_allowed(request: HttpRequest) -> bool:
    """Count this question of this address; False once it has asked too often."""
    address = address_of(request)
    return all(
        [
            _count(f"identify:{address}:minute:{int(time.time()) // 60}", 60) <= PER_MINUTE,
            _count(f"identify:{address}:hour:{int(time.time()) // 3600}", 3600) <= PER_HOUR,
        ]
    )


def address_of(request: HttpRequest) -> str:
    """The visitor's address, found as the API's limits find it (NUM_PROXIES)."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",") if settings.PROXIES else []
    # Each of our own proxies adds one address at the end; the visitor may have written the others.
    own = forwarded[-settings.PROXIES :]
    return (own[0].strip() if own else "") or str(request.META.get("REMOTE_ADDR", ""))


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, timeout=seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired between the two lines: this is the first question of a new span
        cache.set(key, 1, timeout=seconds)
        return 1
    # A cache in files forgets the timeout at each increment. Keeping the key a little longer does
    # no harm: it names its span, and the next span has another key.
    cache.touch(key, timeout=seconds)
    return count
