"""Miles and kilometres, horsepower and kilowatts: stored in one unit, shown in the seller's own.

Each stored step is finer than the other unit's, so what a seller typed comes back as it was.
"""

from decimal import ROUND_HALF_UP, Decimal

KM_PER_MILE = Decimal("1.609344")
KW_PER_PS = Decimal("0.73549875")
TENTH = Decimal("0.1")


def km_of_miles(miles: int) -> int:
    return _rounded(miles * KM_PER_MILE)


def miles_of_km(km: int) -> int:
    return _rounded(km / KM_PER_MILE)


def kw_of_ps(ps: int) -> Decimal:
    """To a tenth of a kilowatt, which tells every PS from the next."""
    return (ps * KW_PER_PS).quantize(TENTH, ROUND_HALF_UP)


def ps_of_kw(kw: Decimal) -> int:
    return _rounded(kw / KW_PER_PS)


def whole_kw(kw: Decimal) -> int:
    return _rounded(kw)


def _rounded(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))
