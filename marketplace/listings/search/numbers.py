"""Prices, mileages and years in what people type: "under 5000", "ab 2015", "100.000 km"."""

import re
from decimal import Decimal
from typing import NamedTuple

from marketplace.listings.search.criteria import ANY, Range
from marketplace.listings.search.vocabulary import AFTER, AT_LEAST, AT_MOST, BEFORE, YEAR_WORDS

CURRENCY_SIGNS = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "us$": "USD", "usd": "USD", "£": "GBP",
    "gbp": "GBP", "r$": "BRL", "brl": "BRL", "reais": "BRL", "zł": "PLN", "pln": "PLN", "kč": "CZK", "czk": "CZK",
    "chf": "CHF", "₴": "UAH", "uah": "UAH", "грн": "UAH",
}  # fmt: skip
KILOMETRES = {"km", "kms", "км", "kilometres", "kilometer"}
FIRST_YEAR, LAST_YEAR = 1920, 2049

_UNITS = sorted({*CURRENCY_SIGNS, *KILOMETRES}, key=len, reverse=True)
_UNIT = "|".join(re.escape(unit) for unit in _UNITS)
_NUMBER = r"\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3})+(?!\d)|\d+"
_AMOUNT = re.compile(
    rf"(?<!\w)(?:(?P<bound>{AT_MOST}|{AT_LEAST}|{BEFORE}|{AFTER})\s*)?(?P<before>{_UNIT})?\s*"
    rf"(?P<number>{_NUMBER})\s?(?P<thousand>k|tsd|mil)?(?!\w)\s?(?P<unit>(?:{_UNIT})(?!\w))?",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?<!\w)((?:19|20)\d\d)\s?[-–—]\s?((?:19|20)\d\d)(?!\w)")
_IS = {name: re.compile(words, re.IGNORECASE) for name, words in (
    ("most", AT_MOST), ("least", AT_LEAST), ("before", BEFORE), ("after", AFTER),
)}  # fmt: skip


class Amounts(NamedTuple):
    """The ranges that a text names, by name in RANGES, and the text without them."""

    ranges: dict[str, Range]
    currency: str
    """Of the price; empty if the text names none."""
    rest: str


def amounts_read(text: str) -> Amounts:
    """Read bounds, and numbers with a unit. A bare number stays: it may be a model or a year."""
    ranges: dict[str, Range] = {}
    currency = ""

    def years(found: re.Match[str]) -> str:
        first, last = sorted((int(found[1]), int(found[2])))
        ranges["year"] = Range(first, last)
        return " "

    def amount(found: re.Match[str]) -> str:
        nonlocal currency
        bound = (found["bound"] or "").casefold()
        unit = (found["unit"] or found["before"] or "").casefold()
        if not bound and not unit:
            return found[0]
        value = int(re.sub(r"\D", "", found["number"])) * (1000 if found["thousand"] else 1)
        name = _kind(bound, unit, value)
        if name is None:
            return found[0]
        currency = CURRENCY_SIGNS.get(unit, currency)
        ranges[name] = _narrowed(ranges.get(name, ANY), name, bound, value)
        return " "

    rest = _AMOUNT.sub(amount, _YEARS.sub(years, text))
    return Amounts(ranges, currency, rest)


def _kind(bound: str, unit: str, value: int) -> str | None:
    """What the number counts."""
    if unit:
        return "mileage" if unit in KILOMETRES else "price"
    may_be_year = FIRST_YEAR <= value <= LAST_YEAR
    if _IS["before"].fullmatch(bound) or _IS["after"].fullmatch(bound):
        return "year" if may_be_year else None
    return "year" if may_be_year and bound in YEAR_WORDS else "price"


def _narrowed(known: Range, name: str, bound: str, value: int) -> Range:
    """The range with this bound; without a word for it, a sum or a distance is the most."""
    exact = Decimal(value) if name == "price" else value
    if _IS["before"].fullmatch(bound):
        return known._replace(high=value - 1)
    if _IS["after"].fullmatch(bound):
        return known._replace(low=value + 1)
    return known._replace(low=exact) if _IS["least"].fullmatch(bound) else known._replace(high=exact)


def year_read(word: str) -> int | None:
    """The year that a word of four digits is."""
    return int(word) if len(word) == 4 and word.isdecimal() and FIRST_YEAR <= int(word) <= LAST_YEAR else None
