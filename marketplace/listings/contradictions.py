"""What the photos show instead of what the seller says: stored as a code with names, said here."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from marketplace.listings.verdicts import one_of

TWO_CARS = "two_cars"
OTHER_CAR = "other_car"


def two_cars(*, other: str) -> dict[str, Any]:
    """The photos show a second car."""
    return {"code": TWO_CARS, "other": other}


def other_car(*, seen: Sequence[str], said: str) -> dict[str, Any]:
    """The photos show one of ``seen``, and the seller said ``said``."""
    return {"code": OTHER_CAR, "seen": list(seen), "said": said}


def contradiction_words(stored: Mapping[str, Any] | None) -> str:
    """One sentence; empty if nothing contradicts the seller."""
    if not stored:
        return ""
    if stored["code"] == TWO_CARS:
        return _("One of the photos looks like another car: %(car)s.") % {"car": stored["other"]}
    return _("The photos look like %(seen)s, not %(said)s.") % {"seen": one_of(stored["seen"]), "said": stored["said"]}
