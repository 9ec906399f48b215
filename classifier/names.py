"""Names of makes and models, compared blind to case, accents, spaces and punctuation.

Plain Python: the catalogue stores these keys, training makes classes of them, and serving adds
classes up by them. All three have to agree, or two cars of the catalogue become one class.
"""

from __future__ import annotations

import unicodedata

# Letters that do not fall apart into a base letter and an accent.
_FOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

# A plus belongs to the name: Ka and Ka+, Qashqai and Qashqai+2, 206 and 206+ are different cars.
_SIGNS = {"+": "plus", "&": " and "}


def name_words(text: str) -> list[str]:
    """The words of a name, folded: ``"Citroën C-Elysée"`` → ``["citroen", "c", "elysee"]``.

    Letters and digits of every script count. ``+`` is spelt out where it stands (``"Ka+"`` →
    ``["kaplus"]``), ``&`` is the word "and", everything else separates.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    without_accents = "".join(char for char in decomposed if not unicodedata.combining(char))
    folded = without_accents.casefold().translate(_FOLDED)
    return "".join(char if char.isalnum() else _SIGNS.get(char, " ") for char in folded).split()


def name_key(text: str) -> str:
    """The form under which a name is stored and found.

    ``"up!"``, ``"UP"`` and ``" u-p "`` are all ``"up"``. Empty when the text holds no letter or
    digit.
    """
    return "".join(name_words(text))


def car_key(make: str, model: str) -> tuple[str, str]:
    """What every spelling of a make and model has in common.

    The second is "" only where there is no model. Labels come from anywhere: those without a letter
    or digit are compared as they stand.
    """
    return name_key(make) or make, name_key(model) or model
