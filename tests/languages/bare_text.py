"""Finds what a template says without gettext: between tags, in attributes, in filters."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, Token, TokenType

READ = {"alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label", "summary"}
"""Attributes that people see or hear; so are those of scripts: ``data-`` with a space in it."""

SAME_EVERYWHERE = {
    "Forecourt", "API", "JPEG", "PNG", "WebP", "HEIC", "UTC", "Enter", "Esc", "CO₂", "km", "kW", "kWh", "MB", "VIN",
    "Ctrl", "P", "O", "manage.py suspects --queue", "id", "URL", "hp", "s",
}  # fmt: skip
"""Names, units and keys."""

_FORMATS_OF_MACHINES = {"c", "U", "Y-m-d", "Y"}
_FORMATS_OF_LOCALES = re.compile(r"[A-Z_]+_FORMAT")
_FILTER = re.compile(
    r"\|(date|time|pluralize|yesno|default|default_if_none|add|join|cut):(\"[^\"]*\"|'[^']*')|\|pluralize\b"
)
_LITERAL = re.compile(r"(?<![\w(:])(\w+)=\"([^\"]*[^\W\d_]{2}[^\"]*)\"")
_SKIPPED = {"comment", "verbatim", "blocktranslate", "blocktrans"}
_CLASS = re.compile(r"[a-z]+--[a-z]+")  # in a block that stands inside an attribute


def bare_text(source: str) -> Iterator[str]:
    """Everything that a person would read in English whatever the language."""
    reader = _Reader()
    inside = ""
    for token in Lexer(source).tokenize():
        words = token.contents.split()
        if inside:
            if token.token_type == TokenType.BLOCK and words[0] == f"end{inside}":
                inside = ""
            continue
        if token.token_type == TokenType.TEXT:
            reader.feed(token.contents)
            continue
        if token.token_type == TokenType.BLOCK and words[0] in _SKIPPED:
            inside = words[0]
        if token.token_type != TokenType.COMMENT:
            yield from _in_tag(token)
        reader.feed("\ue000")  # whatever it becomes; it parts what stands before and behind it
    reader.close()
    yield from reader.found


def _in_tag(token: Token) -> Iterator[str]:
    """Formats and words among a tag's arguments."""
    for found in _FILTER.finditer(token.contents):
        name, value = found[1] or "pluralize", (found[2] or "")[1:-1]
        if name in {"date", "time"}:
            if value not in _FORMATS_OF_MACHINES and not _FORMATS_OF_LOCALES.fullmatch(value):
                yield found[0]
        elif value == "true,false":
            continue
        elif name in {"pluralize", "yesno"} or re.search(r"[^\W\d_]", value):
            yield found[0]
    if token.contents.startswith("include "):
        for found in _LITERAL.finditer(token.contents):
            if re.search(r"[A-Z]|\s", found[2]) and len(found[2]) > 1:
                yield found[0]


class _Reader(HTMLParser):
    CDATA_CONTENT_ELEMENTS = ("style", "script")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags = [*self._tags[-1:], tag]
        named = dict(attrs)
        for name, value in attrs:
            submits = tag == "input" and name == "value" and named.get("type") in {"submit", "button", "reset"}
            described = tag == "meta" and name == "content" and named.get("name") == "description"
            spoken = name.startswith("data-") and name != "data-forget" and " " in (value or "").strip()
            if value and (name in READ or submits or described or spoken):
                self._read(value)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:
            self._read(data)

    def _read(self, text: str) -> None:
        for part in text.split("\ue000"):
            said = " ".join(part.split()).strip(" .,:;·–()[]/&")
            if re.search(r"[^\W\d_]{2}", said) and said not in SAME_EVERYWHERE and not _CLASS.fullmatch(said):
                self.found.append(said)
