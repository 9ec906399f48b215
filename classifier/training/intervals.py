"""How far a share of right answers may be off for the number of photos it was taken of."""

from __future__ import annotations

from scipy.stats import binomtest


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: `hits` of `n`, as if each were an observation of its own.

    Photos of one car are not, so the interval is rather too narrow where cars have several. It needs no normal
    approximation, so it holds for 0 of n and n of n. Raises ValueError if n is 0 or hits lies outside 0…n.
    """
    if n < 1:
        raise ValueError("a share of no photos has no interval")
    found = binomtest(hits, n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
