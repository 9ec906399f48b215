"""The words with which listings are sent back: templates, edited in the admin, and a moderator's
own."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext, gettext_noop, override
from django.utils.translation import gettext as _

from marketplace.moderation.decisions.records import DecisionRefused
from marketplace.moderation.models import RejectTemplate
from marketplace.texts import paragraphs_clean

KEYS = 9
NO_CAR_CODE = "no_car"
NO_CAR = gettext_noop("There is no car on the photos.")
"""As decisions from before there were templates say it: see training.labels.no_car."""
IMPLAUSIBLE = gettext_noop("Price, year or mileage cannot be right.")
SHIPPED = {
    "wrong_car": gettext_noop("The photos do not show the car that is offered."),
    "no_usable_photo": gettext_noop("There is no usable photo of the whole car from outside."),
    "copied": gettext_noop("Photos are copied from elsewhere or carry advertising."),
    "implausible": IMPLAUSIBLE,
    "not_for_sale": gettext_noop("This is not a car for sale."),
    NO_CAR_CODE: NO_CAR,
}
"""The templates of a new site, in the order of their keys; migrations write them.

English here and in the database; ``_text`` says them in other languages until an operator does.
"""


@dataclass(frozen=True)
class Template:
    """A template as a page offers it."""

    code: str
    text: str
    key: str
    """"" without one."""


def templates_offered(*, language: str) -> list[Template]:
    """The templates that can be sent, in the order of their keys."""
    rows = RejectTemplate.objects.filter(active=True).prefetch_related("texts")
    offered = [(row.code, _text(row, language)) for row in rows]
    return [
        Template(code, text, str(number) if number <= KEYS else "")
        for number, (code, text) in enumerate(((code, text) for code, text in offered if text), start=1)
    ]


def reason_words(*, templates: Sequence[str], words: str, language: str) -> str:
    """What the seller reads: each template's words in their language, then the moderator's own.

    Raises DecisionRefused.
    """
    texts = {one.code: one.text for one in templates_offered(language=language)}
    unknown = [code for code in templates if code not in texts]
    if unknown:
        raise DecisionRefused(_("The template “%(code)s” is offered no more; look again.") % {"code": unknown[0]})
    chosen = [texts[code] for code in dict.fromkeys(templates)]
    return "\n".join(filter(None, [*chosen, paragraphs_clean(words)]))


def no_car_codes() -> set[str]:
    """The templates that say that there is no car, those no longer offered included."""
    return set(RejectTemplate.objects.filter(no_car=True).values_list("code", flat=True))


def _text(row: RejectTemplate, language: str) -> str:
    texts = {one.language: one.text for one in row.texts.all()}
    first = texts.get(settings.LANGUAGE_CODE)
    if language not in texts and first and first == SHIPPED.get(row.code):
        with override(language):
            return gettext(first)
    return texts.get(language) or first or next(iter(texts.values()), "")
