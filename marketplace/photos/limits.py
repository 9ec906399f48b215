"""How often a visitor without an account may ask."""

import time

from django.core.cache import cache
from django.http import HttpRequest

from marketplace.photos.intake.callers import address_of, network_of

# Each photo costs the worker real time; a person who tries the page out stays far below.
PER_MINUTE = 20
PER_HOUR = 120


def identify_allowed(request: HttpRequest) -> bool:
    """Count this question of this address; False once it has asked too often."""
    address = network_of(address_of(request))
    return all(
        [
            _count(f"identify:{address}:minute:{int(time.time()) // 60}", 60) <= PER_MINUTE,
            _count(f"identify:{address}:hour:{int(time.time()) // 3600}", 3600) <= PER_HOUR,
        ]
    )


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, timeout=seconds)
    try:
        return cache.incr(key)
    except ValueError:  # it expired between the two lines: this is the first question of a new span
        cache.set(key, 1, timeout=seconds)
        return 1
