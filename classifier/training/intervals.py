"""The sampling error of a share of right answers."""

from __future__ import annotations

from scipy.stats import binomtest


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, `hits` of `n` independent observations.

    Photos of one car are not independent, so the interval is too narrow where cars have several. It
    holds for 0 of n and n of n as well. Raises ValueError if n is 0 or hits lies outside 0…n.
    """
    if n < 1:
        raise ValueError("a share of no photos has no interval")
    found = binomtest(hits, n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
