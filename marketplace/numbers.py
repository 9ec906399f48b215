"""Strict parsing of numbers as people type them: exactly as written, or not at all. Plain Python.

Digits may be grouped:

- in thousands by a space of any width, an apostrophe, a comma or a dot: ``12 500``, ``12'500``,
  ``1,250,000``, ``1.250.000``;
- in lakhs and crores by commas: ``1,25,000``.

Decimals follow a comma or a dot that does not group the thousands: ``12.500,50``, ``12,500.50``,
``12 500,50``. One comma or dot before exactly three digits groups thousands: ``1.234`` is one
thousand two hundred and thirty-four. The digits may be from any script, but only from one. Nothing
else is a number: ``1.00.000``, ``12,50,0``, ``1e5``, ``150k``.
"""

import re
import unicodedata
from collections.abc import Collection

from marketplace.texts import line_clean

PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
"""Matches the numbers that ``plain_number`` returns, and nothing else."""

# The Arabic ٬ only groups digits, like an apostrophe; the Arabic ٫ only precedes decimals.
_SIGNS = str.maketrans({"’": "'", "ʼ": "'", "٬": "'", "，": ",", "．": ".", "−": "-", "–": "-", "—": "-"})
_GROUPINGS = (
    re.compile(r"([1-9]\d{0,2}(?P<by>[ ',.])\d{3}(?:(?P=by)\d{3})*)(?:(?!(?P=by))[.,٫](\d+))?", re.ASCII),
    re.compile(r"([1-9]\d?(?:,\d\d)+,\d{3})(?:(?P<by>[.٫])(\d+))?", re.ASCII),
    re.compile(r"(\d+)(?:(?P<by>[.,٫])(\d+))?", re.ASCII),
)
_NOT_DIGITS = re.compile(r"\D+", re.ASCII)
_WORDED = re.compile(r"(?P<before>[^\d-]*)(?P<number>-?\d(?:.*\d)?)(?P<no_cents>[.,] ?--?)?(?P<after>\D*)")


def plain_number(text: str, *, words: Collection[str] = (), no_cents: bool = False) -> str:
    """The number in plain digits: ``"12.500"`` → ``"12500"``, ``"12,500.50"`` → ``"12500.50"``.

    words: lower-case words, such as ``"km"``, of which one may stand before or after the number.
    no_cents: whether the number may end in ``",-"``, as prices do. A text that is not a number is
    returned unchanged; ``PLAIN`` tells the two apart.
    """
    number = _without_words(line_clean(text).translate(_SIGNS), words, no_cents)
    digits = _in_ascii(number.removeprefix("-"))
    minus = "-" if number.startswith("-") else ""
    for grouping in _GROUPINGS:
        if found := grouping.fullmatch(digits):
            whole, _, decimals = found.groups()
            return minus + _NOT_DIGITS.sub("", whole) + (f".{decimals}" if decimals else "")
    return text


def word_beside(text: str) -> str:
    """The word before or after the number, in lower case; empty if there is none."""
    found = _WORDED.fullmatch(line_clean(text).translate(_SIGNS))
    return _word(found["before"]) or _word(found["after"]) if found else ""


def _without_words(text: str, words: Collection[str], no_cents: bool) -> str:
    """The number alone; the whole text if anything but one allowed word stands beside it."""
    found = _WORDED.fullmatch(text)
    if not found or (found["no_cents"] and not no_cents):
        return text
    beside = [word for word in (_word(found["before"]), _word(found["after"])) if word]
    return found["number"] if not beside or (len(beside) == 1 and beside[0] in words) else text


def _word(text: str) -> str:
    word = unicodedata.normalize("NFKC", text).strip().casefold()
    return word.removesuffix(".") or word  # the dot of an abbreviation, but not a dot alone


def _in_ascii(text: str) -> str:
    """The text with its digits in ASCII; unchanged if they are from several scripts."""
    digits = {char: unicodedata.decimal(char) for char in text if char.isdecimal()}
    if len({ord(char) - digit for char, digit in digits.items()}) > 1:
        return text
    return "".join(str(digits[char]) if char in digits else char for char in text)
