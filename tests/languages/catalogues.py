"""The catalogues under locale/, read without gettext's tools."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation import to_locale

COMPLETE: tuple[str, ...] = ("pt-br", "de", "es")
"""The languages whose catalogues are wholly translated, such as ``("pt-br", "de", "es")``."""

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)

_PERCENT = re.compile(r"%\((\w+)\)[sd]")
_BRACES = re.compile(r"{(\w+)}")


def po_path(language: str) -> Path:
    return settings.BASE_DIR / "locale" / to_locale(language) / "LC_MESSAGES" / "django.po"


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(po_path(language)), wrapwidth=0)


def faults(entry: polib.POEntry) -> Iterator[str]:
    """What is wrong with what was translated; nothing is said of what was not."""
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not all(texts):
        if any(texts):
            yield "some plural forms are empty"
        return
    allowed = _names(entry.msgid) | _names(entry.msgid_plural)
    needed = _names(entry.msgid_plural or entry.msgid)
    for number, text in enumerate(texts):
        if strange := _names(text) - allowed:
            yield f"names what the English does not: {sorted(strange)}"
        # A form for one thing may leave its number out: "one car".
        missing = needed - _names(text) - (_names(entry.msgid_plural) - _names(entry.msgid) if number == 0 else set())
        if missing and not (entry.msgid_plural and number == 0):
            yield f"leaves out {sorted(missing)}"
        if "python-format" in entry.flags and re.search(r"%(?!\(\w+\)[sd])", text.replace("%%", "")):
            yield "a single % must be written %%"
        if text.startswith("\n") != entry.msgid.startswith("\n") or text.endswith("\n") != entry.msgid.endswith("\n"):
            yield "begins or ends with a line break where the English does not, or the other way round"


def _names(text: str) -> set[str]:
    return {*_PERCENT.findall(text), *_BRACES.findall(text)}
