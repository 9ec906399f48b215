"""Every page is HTML as the standard has it, and what refers to something finds it.

The pages are those of tests/security/rows.py: a new page is read here without a word.
"""

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib
import pytest
from django.test import Client
from html5lib.constants import E as MESSAGES

from tests.security.rows import ROWS
from tests.security.world import path_of

REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list")
PRESSED = {"a", "button", "input", "select", "textarea"}


def faults(text: str) -> Iterator[str]:
    """What is wrong with a page, a line each."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    page = parser.parse(text)
    lines = text.splitlines()
    for (line, _), code, values in parser.errors:
        yield f"line {line}: {MESSAGES[code] % values}: {lines[min(line, len(lines)) - 1].strip()[:90]}"
    yield from _references(page)
    for one in (*page.iter("button"), *page.iter("a")):
        yield from (f"{one.tag} holds {inner.tag}" for inner in one.iter() if inner is not one and inner.tag in PRESSED)
    yield from (f"img {one.get('src', '')} has no alt" for one in page.iter("img") if one.get("alt") is None)
    for one in page.iter("button"):
        if not (_text(one) or one.get("aria-label") or one.get("aria-labelledby")):
            yield "a button has no name"


def _references(page: Element) -> Iterator[str]:
    ids = Counter(one.get("id") for one in page.iter() if one.get("id") is not None)
    yield from (f"id {name} stands {times} times" for name, times in ids.items() if times > 1)
    for one in page.iter():
        for attribute in REFERS:
            for name in (one.get(attribute) or "").split():
                if name not in ids:
                    yield f'{one.tag} {attribute}="{name}" refers to nothing'


def _text(one: Element) -> str:
    return "".join(one.itertext()).strip()


def of_a_page(text: str) -> Iterator[str]:
    """What a whole page needs besides."""
    page = html5lib.parse(text, namespaceHTMLElements=False)
    for name in ("title", "h1", "main"):
        if (times := len(list(page.iter(name)))) != 1:
            yield f"{name} stands {times} times"
    if not page.get("lang"):
        yield "html has no lang"


@pytest.mark.database
def test_every_page_is_valid_and_finds_what_it_refers_to(people, world):
    found, read = [], 0
    for who in ("visitor", "owner", "moderator"):
        client = Client()
        if people[who] is not None:
            client.force_login(people[who])
        for row in ROWS:
            if row.method != "GET":
                continue
            answer = client.get(path_of(row, world))
            if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
                continue
            text = answer.content.decode()
            read += 1
            whole = "<html" in text
            for fault in (*faults(text if whole else f"<!DOCTYPE html><title>part</title>{text}"),
                          *(of_a_page(text) if whole else ())):  # fmt: skip
                found.append(f"{row.name} ({who}): {fault}")
    assert found == []
    assert read > 80


@pytest.mark.parametrize(
    "fault",
    [
        '<p id="a"></p><p id="a"></p>',
        '<label for="nobody">x</label>',
        "<p><div></div></p>",
        '<a href="/"><button>x</button></a>',
        '<img src="x.png">',
        "<button></button>",
        '<p class="a" class="b"></p>',
        "<table><p>x</p></table>",
    ],
)
def test_the_reader_sees_what_is_wrong(fault):
    assert list(faults(f"<!DOCTYPE html><title>x</title>{fault}"))
