"""Whatever people read goes through gettext: nothing is left to the eye of a reviewer."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.languages.bare_text import bare_text

TEMPLATES = settings.BASE_DIR / "templates"
WORDLESS = {"allauth/elements/button.html"}
"""What the reader cannot follow, because the name of a tag is a variable; it has no words."""


def test_no_template_has_words_of_its_own():
    found = [
        f"{path.relative_to(TEMPLATES)}: {text}"
        for path in _templates()
        if str(path.relative_to(TEMPLATES)) not in WORDLESS
        for text in bare_text(path.read_text())
    ]
    assert not found, "Wrap these in {% translate %} or {% blocktranslate %}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{% translate 'Hello' %} {{ name }}</p>", []),
        ("<p>{{ n }} cars left</p>", ["cars left"]),
        ("{% blocktranslate %}All of it{% endblocktranslate %}{# Words #}", []),
        ('<img alt="A car"><a class="button--quiet" title="{{ x }}">€</a>', ["A car"]),
        ('{{ n|pluralize:"y,ies" }}', ['|pluralize:"y,ies"']),
        ('{{ day|date:"j M Y" }} {{ day|date:"c" }} {{ day|date:"DATE_FORMAT" }}', ['|date:"j M Y"']),
        ('{% include "x.html" with name="left" label="Go on" %}', ['label="Go on"']),
        ('{{ name|default:"Somebody" }}', ['|default:"Somebody"']),
        ("<script>const word = 1;</script><code>Forecourt</code>", []),
    ],
)
def test_words_without_gettext_are_found(source, words):
    assert list(bare_text(source)) == words


def _templates() -> list[Path]:
    return sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
