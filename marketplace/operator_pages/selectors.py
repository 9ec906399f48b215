"""Which text a page shows: the operator's newest in the visitor's language, else in English."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from marketplace.operator_pages.models import PageText

SHIPPED = Path(__file__).with_name("texts")
"""What is shown until the operator has written a text: ``<language>/<page>.md``."""


@dataclass(frozen=True)
class Shown:
    """A page's text as somebody reads it."""

    text: str
    language: str
    since: datetime | None
    """None: it came with the program."""
    version: int | None = None


def text_shown(*, page: str, language: str) -> Shown:
    """The text for a reader of this language; in another one if there is none in theirs.

    An operator's text, in whatever language, comes before those that are shipped.
    """
    first = settings.LANGUAGE_CODE
    for code in dict.fromkeys((language, first)):
        if (row := versions(page=page, language=code).first()) is not None:
            return Shown(row.text, code, row.since, row.pk)
    for code in dict.fromkeys((language, first)):
        file = SHIPPED / code.partition("-")[0] / f"{page}.md"
        if file.is_file():
            return Shown(file.read_text(encoding="utf-8").replace("{site}", settings.SITE_NAME), code, None)
    raise FileNotFoundError(f"{SHIPPED} has no text of {page} in {first}.")


def versions(*, page: str, language: str) -> QuerySet[PageText]:
    """All that the operator wrote for it, newest first."""
    return PageText.objects.filter(page=page, language=language).order_by("-pk")
