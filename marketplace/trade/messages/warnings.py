"""What a message holds that people should be careful with. Nothing is blocked for it."""

import re
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Warning_(Enum):  # noqa: N801  # Python has a Warning
    """A reason for care; the value is its code."""

    LINK = "link"
    BANK = "bank"
    TRANSFER = "transfer"


WORDS: dict[Warning_, tuple[str | Promise, str | Promise]] = {
    Warning_.LINK: (
        _("There is a link in this message. Open it only if you know where it leads, and type no password or card "
          "number there."),
        _("Your message has a link. We warn the reader about it."),
    ),
    Warning_.BANK: (
        _("There are bank or card details in this message. Pay nothing before you have seen the car and its papers."),
        _("Your message has bank or card details. Send them only to people you have met; we warn the reader."),
    ),
    Warning_.TRANSFER: (
        _("This message speaks of a way to pay that cannot be undone. Cars are paid when they are handed over."),
        _("Your message speaks of a way to pay that cannot be undone. We warn the reader about it."),
    ),
}  # fmt: skip
"""For the reader, and for who wrote it."""

_DOMAINS = "com|net|org|info|biz|shop|site|online|app|link|click|xyz|top|io|ly|eu|ru|cn|de|ch|fr|pl|cz|sk|ua|uk|br|nl"
# Words in some language, and so often the beginning of a sentence after a forgotten space.
_WORDS = "at|be|co|es|hu|it|me|no|pt|ro|se|us"
_LINK = re.compile(
    rf"https?://|\bwww\.|\b(?:t\.me|wa\.me|bit\.ly)\b|\b[a-z0-9-]{{2,}}\.(?:(?:{_DOMAINS})\b(?!\.?\d)|(?:{_WORDS})/)",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30})\b", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_TRANSFER = re.compile(
    r"western\s*union|money\s*gram|gift\s*cards?|bitcoin|\busdt\b|crypto|paysafe|escrow", re.IGNORECASE
)


def warnings_of(text: str) -> list[Warning_]:
    """The reasons for care in a text, in the order of the enumeration."""
    found = {
        Warning_.LINK: _LINK.search(text) is not None,
        Warning_.BANK: _has_iban(text) or _has_card(text),
        Warning_.TRANSFER: _TRANSFER.search(text) is not None,
    }
    return [warning for warning in Warning_ if found[warning]]


def _has_iban(text: str) -> bool:
    """Whether an account number with the right check digits (ISO 13616) is in the text."""
    return any(_is_iban(match) for match in _IBAN.findall(text))


def _is_iban(text: str) -> bool:
    # What follows the number in a sentence may look like a part of it: any beginning counts.
    number = re.sub(r"[ -]", "", text).upper()
    return any(_checks(number[:length]) for length in range(15, min(len(number), 34) + 1))


def _checks(number: str) -> bool:
    moved = number[4:] + number[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _has_card(text: str) -> bool:
    """Whether a card number with the right check digit (ISO/IEC 7812) is in the text."""
    return any(_luhn(re.sub(r"\D", "", match)) for match in _CARD.findall(text))


def _luhn(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
