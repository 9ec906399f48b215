"""Every page in every language, and nothing on it that did not go through gettext."""

import re
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils.translation import to_locale

from tests.languages.bare_text import SAME_EVERYWHERE
from tests.languages.catalogues import COMPLETE, catalogue
from tests.security.rows import ROWS
from tests.security.world import path_of

ALL = [code for code, _name in django_settings.LANGUAGES]
PUBLIC = [row for row in ROWS if row.method == "GET" and row.letters.startswith("Y")]
PAGES = [row for row in ROWS if row.method == "GET" and "Y" in row.letters]
OPEN, CLOSE = "⟦", "⟧"
ALLAUTHS = ("account_", "mfa_", "usersessions_")
"""Pages whose words are in allauth's catalogues."""
OPERATORS = "operator_pages:"
"""Pages whose texts are the operator's own; without one they are English, and say so."""
ENGLISH = ("Sign in", "Browse", "Sell a car", "Saved", "Find a car you can trust", "Skip to the content")
"""A sample of what the frame and the first page say."""
PEOPLE_SAID = re.compile(
    r"Make \d|Model \d|Volvo V70|Škoda|Elroq|Oktavia|Octavia|Alice|Bob|Dora|Olga|Brno|Hello|Skoda Octavia|1\.jpg|"
    r"[a-z0-9]{8}|English|Português \(Brasil\)|Deutsch|Español|[A-Z]{3} \S+|CHF|\(EUR\)|"
    r"\d+\. (November|Dezember) \d+"
)
"""Names that the tests gave, codes, languages by their own names, currencies."""
MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]


@pytest.mark.parametrize("language", ALL)
def test_every_public_page_is_there_in_every_language(world, language):
    client = Client(headers={"accept-language": language})
    for row in PUBLIC:
        answer = client.get(path_of(row, world), follow=True)
        assert answer.status_code == 200, row.name
        if not _is_page(answer) or row.name.startswith(("api", OPERATORS)):  # "api": Swagger's
            continue
        page = answer.content.decode()
        assert f'<html lang="{language}">' in page, row.name
        if language in COMPLETE and language != django_settings.LANGUAGE_CODE:
            said = " ".join(_Words.of(page))
            assert [words for words in ENGLISH if re.search(rf"\b{words}\b", said)] == [], row.name


def test_all_that_a_page_says_went_through_gettext(world, people, settings, tmp_path):
    """A catalogue puts each text into brackets; what stands outside of them is no text of it."""
    settings.LOCALE_PATHS = [_bracketed("de", tmp_path)]
    names, bare = list(people), []
    for row in PAGES:
        if row.name.startswith((*ALLAUTHS, OPERATORS, "api")):
            continue
        client = Client(headers={"accept-language": "de"})
        person = people[names[row.letters.index("Y")]]
        if person is not None:
            client.force_login(person)
        answer = client.get(path_of(row, world), follow=True)
        if _is_page(answer):
            bare += [f"{row.name}: {text}" for text in _outside(_Words.of(answer.content.decode()))]
    assert bare == []


def _bracketed(language: str, folder: Path) -> Path:
    entries = catalogue(language)
    for entry in entries:
        if entry.msgid_plural:
            entry.msgstr_plural = {0: _in_brackets(entry.msgid), 1: _in_brackets(entry.msgid_plural)}
        else:
            entry.msgstr = _in_brackets(entry.msgid)
    path = folder / to_locale(language) / "LC_MESSAGES"
    path.mkdir(parents=True)
    polib.POFile.save_as_mofile(entries, str(path / "django.mo"))
    return folder


def _in_brackets(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


def _outside(texts: list[str]) -> list[str]:
    """What stands outside of all brackets, which may open in one tag and close in another."""
    found, depth = [], 0
    for text in texts:
        outside = ""
        for char in text:
            depth += (char == OPEN) - (char == CLOSE)
            outside += char if depth == 0 and char != CLOSE else " "
        left = PEOPLE_SAID.sub("", outside)
        words = [word for word in re.findall(r"[^\W\d_]{2,}", left) if word not in {*SAME_EVERYWHERE, *MONTHS}]
        if words:
            found.append(text.strip())
    return found


def _is_page(answer) -> bool:
    return answer.headers.get("Content-Type", "").startswith("text/html")


class _Words(HTMLParser):
    """The texts of a page, and of the attributes that are read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    @classmethod
    def of(cls, page: str) -> list[str]:
        reader = cls()
        reader.feed(page)
        reader.close()
        return reader.texts

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style", "code"}
        self.texts += [
            value for name, value in attrs if value and name in {"alt", "title", "placeholder", "aria-label"}
        ]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)
