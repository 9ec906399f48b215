"""Names of makes and models as the catalogue compares them. Plain Python, no database."""

import re

from classifier.names import name_key, name_words

__all__ = ["BODY_WORDS", "name_key", "name_words", "without_body"]

_YEAR = re.compile(r"(19|20)\d\d")

# Words for the body or cab of a car, not for its model: "3 Series Sedan" is a 3 Series.
_BODY = (
    "avant cabrio cabriolet cargo convertible coupe estate fastback hatch hatchback kombi liftback limousine minibus"
    " minivan passenger pickup roadster saloon sedan spider spyder sportback supercab supercrew suv sw targa tourer"
    " touring van variant wagon cab club crew double extended quad regular single"
)
BODY_WORDS = frozenset(_BODY.split())


def without_body(words: list[str]) -> list[list[str]]:
    """The words, then shorter lists: each drops one more body word or year from the end.

    ``["golf", "gti", "hatchback", "2012"]`` → itself, ``["golf", "gti", "hatchback"]``,
    ``["golf", "gti"]``. At least one word always stays.
    """
    shorter = [words]
    while len(words) > 1 and (words[-1] in BODY_WORDS or _YEAR.fullmatch(words[-1])):
        words = words[:-1]
        shorter.append(words)
    return shorter
