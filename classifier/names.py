"""Names of makes and models, compared blind to case, accents, spaces and punctuation. Plain Python."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """What is left of a name when case, accents, spaces and punctuation are not looked at: "Citroën C-3" → "citroenc3".

    Names without a letter or digit are compared as they stand.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if c.isalnum())
    return plain or name
