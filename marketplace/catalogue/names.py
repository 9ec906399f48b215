"""Names of makes and models, compared blind to case, spaces, punctuation and accents. Plain Python, no database."""

import re
import unicodedata

# Letters that do not fall apart into a base letter and an accent.
_FOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

# A plus belongs to the name: Ka and Ka+, Qashqai and Qashqai+2, 206 and 206+ are different cars.
_SIGNS = {"+": "plus", "&": " and "}

_YEAR = re.compile(r"(19|20)\d\d")

# Words that say which body or cab a car has, not which model it is. "3 Series Sedan" is a 3 Series.
_BODY = (
    "avant cabrio cabriolet cargo convertible coupe estate fastback hatch hatchback kombi liftback limousine minibus"
    " minivan passenger pickup roadster saloon sedan spider spyder sportback supercab supercrew suv sw targa tourer"
    " touring van variant wagon cab club crew double extended quad regular single"
)
BODY_WORDS = frozenset(_BODY.split())


def name_words(text: str) -> list[str]:
    """The words of a name, folded: ``"Citroën C-Elysée"`` → ``["citroen", "c", "elysee"]``.

    Letters and digits of every script count. ``+`` is spelt out where it stands (``"Ka+"`` → ``["kaplus"]``), ``&`` is
    the word "and", everything else separates.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    without_accents = "".join(char for char in decomposed if not unicodedata.combining(char))
    folded = without_accents.casefold().translate(_FOLDED)
    return "".join(char if char.isalnum() else _SIGNS.get(char, " ") for char in folded).split()


def name_key(text: str) -> str:
    """The form under which a name is stored and found: ``"up!"``, ``"UP"`` and ``" u-p "`` are all ``"up"``.

    Empty when the text holds no letter or digit.
    """
    return "".join(name_words(text))


def without_body(words: list[str]) -> list[list[str]]:
    """The words, then the same without their last body words and years, one fewer each time.

    ``["golf", "gti", "hatchback", "2012"]`` → itself, ``["golf", "gti", "hatchback"]``, ``["golf", "gti"]``.
    At least one word always stays.
    """
    shorter = [words]
    while len(words) > 1 and (words[-1] in BODY_WORDS or _YEAR.fullmatch(words[-1])):
        words = words[:-1]
        shorter.append(words)
    return shorter
