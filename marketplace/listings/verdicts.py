"""What a stored verdict says (see Listing.verdict), also one from before look-alikes were told."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from marketplace.catalogue.selectors import Resolved, car_find


def model_sure(verdict: Mapping[str, Any]) -> bool:
    """Whether the verdict is sure enough of the model to fill it in; of look-alikes it never is."""
    guess = verdict["model"]
    return guess is not None and not guess.get("alike") and guess["confidence"] >= verdict["thresholds"]["model"]


def look_alikes_of(verdict: Mapping[str, Any]) -> list[tuple[str, Resolved]]:
    """The verdict's likeliest car and those that photos cannot tell from it, each with its name.

    Empty if there are none. What the catalogue does not know is resolved to nothing.
    """
    guess = verdict["model"]
    if guess is None or not guess.get("alike"):
        return []
    names = [f"{guess['make']} {guess['name']}", *guess["alike"]]
    return [(name, Resolved(*(car_find(name) or (None, None)))) for name in names]


def group_sure(verdict: Mapping[str, Any]) -> bool:
    """Whether the verdict is as sure of its look-alikes together as a model must be."""
    guess = verdict["model"]
    if guess is None or not guess.get("alike"):
        return False
    return bool(guess["group_confidence"] >= verdict["thresholds"]["model"])


def one_of(names: Sequence[str], most: int = 0) -> str:
    """``"A, B or C"``. With ``most`` the first so many names, and "another look-alike"."""
    shown = [*names[:most], _("another look-alike")] if most and len(names) > most + 1 else names
    if len(shown) < 2:
        return "".join(shown)
    return _("%(several)s or %(last)s") % {"several": ", ".join(shown[:-1]), "last": shown[-1]}


def candidate_names(candidate: Mapping[str, Any]) -> list[str]:
    """A stored candidate's name and the names of its look-alikes."""
    return [f"{candidate['make']} {candidate['model']}".strip(), *candidate.get("alike", ())]


def candidate_sure(candidate: Mapping[str, Any]) -> float:
    """How sure it is that the car is one of ``candidate_names``."""
    return float(candidate["group_confidence"] if candidate.get("alike") else candidate["confidence"])
