"""Cleaning of text that people type: composed, and without invisible characters. Plain Python.

It removes control and format characters, zero-width characters, marks that change the direction of
writing, tags, the byte order mark, the soft hyphen and blank fillers. Otherwise two names that look
the same could differ, and one could be made to look like another.
"""

import re
import unicodedata

_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK_PATTERN = "\u2800"  # the Braille cell without dots, which looks like a space

# Invisible, though not in the category of format characters (Unicode's default ignorables).
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0"
    + "".join(map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9)]))
)
_TAGS = range(0xE0000, 0xE1000)  # tags and the supplementary variation selectors
_NOT_CHARACTERS = range(0xFDD0, 0xFDF0)

# Visible, though in the category of format characters: signs around Arabic and other digits.
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

# In these scripts the joiner and the non-joiner belong to the spelling of a word.
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_JOINING_SCRIPTS = frozenset({
    "ARABIC", "BALINESE", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "JAVANESE", "KANNADA", "KHMER", "MALAYALAM",
    "MANDAIC", "MONGOLIAN", "MYANMAR", "NKO", "ORIYA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU", "TIBETAN",
})  # fmt: skip
_AS_TEXT, _AS_EMOJI, _KEYCAP = "\ufe0e", "\ufe0f", "\u20e3"


def line_clean(text: str) -> str:
    """One line, such as a name or place, with single spaces; empty if nothing in it is visible."""
    return _or_empty(" ".join(_visible(text).split()))


def paragraphs_clean(text: str) -> str:
    """A text of several lines; empty if nothing in it is visible.

    Every line break becomes one ``"\\n"``: browsers send two characters but count one.
    """
    return _or_empty(_visible(text).strip())


def _or_empty(text: str) -> str:
    """The text; empty if it consists of spaces and accents only."""
    return text if any(unicodedata.category(char)[0] not in "MZ" and not char.isspace() for char in text) else ""


def _visible(text: str) -> str:
    """The text without its invisible characters, composed (NFC)."""
    text = _LINE_BREAK.sub("\n", text).replace(_BLANK_PATTERN, " ")
    kept: list[str] = []
    for index, char in enumerate(text):
        if _is_visible(char) or _is_needed(char, kept[-1:], text[index + 1 : index + 2]):
            kept.append(char)
    # Composed last: an invisible character may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", "".join(kept))


def _is_visible(char: str) -> bool:
    if char in "\n\t":
        return True
    code, category = ord(char), unicodedata.category(char)
    if category == "Cf":
        return char in _VISIBLE_FORMATS
    if category in {"Cc", "Cs"} or char in _INVISIBLE or code in _TAGS:
        return False
    return code not in _NOT_CHARACTERS and code & 0xFFFE != 0xFFFE


def _is_needed(char: str, before: list[str], after: str) -> bool:
    """Whether Unicode lets this invisible character change how its neighbours are drawn."""
    last = before[0] if before else ""
    if char == _AS_EMOJI and after == _KEYCAP:
        return last in {"#", "*"} or last.isdecimal()
    if char in {_AS_TEXT, _AS_EMOJI}:
        return _is_symbol(last)
    if char not in {_ZWNJ, _ZWJ}:
        return False
    if char == _ZWJ and (_is_symbol(last) or last == _AS_EMOJI):
        return _is_symbol(after)  # one emoji made of several
    return bool(last) and unicodedata.category(last)[0] in "LM" and _script(last) in _JOINING_SCRIPTS


def _is_symbol(char: str) -> bool:
    """Whether the character may be an emoji, or a part of one."""
    return not char.isascii() and (char in "‼⁉〰" or unicodedata.category(char) in {"So", "Sm", "Sk"})


def _script(char: str) -> str:
    """The script that the letter's Unicode name begins with."""
    return unicodedata.name(char, "").partition(" ")[0]
