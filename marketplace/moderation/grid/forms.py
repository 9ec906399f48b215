"""What the grid's pages send."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from marketplace.moderation.forms import car_named
from marketplace.moderation.grid.selectors import THRESHOLD, THRESHOLDS, TILES
from marketplace.moderation.grid.services import Pick

LATE = _("The page is not as it was sent; look again.")


class GridForm(forms.Form):
    """Which car, and from which confidence on."""

    car = forms.RegexField(r"^\d{1,18}:\d{1,18}$", required=False)
    at = forms.TypedChoiceField(
        choices=[(percent, f"{percent} %") for percent in THRESHOLDS], coerce=int, required=False
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values["at"] = values.get("at") or THRESHOLD
        values["make"], values["car_model"] = car_named(values["car"]) if values.get("car") else (None, None)
        return values


class PicksField(forms.Field):
    """The listings of a page, each as "code when-it-was-handed-in"."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[Pick]:
        return [_pick(str(one)) for one in (value or [])[:TILES]]


class AcceptForm(GridForm):
    """shown: all that the page showed; take: those that were left in."""

    shown = PicksField()
    take = PicksField(required=False)
    seconds = forms.FloatField(min_value=0, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("car_model") is None:
            raise forms.ValidationError(LATE)
        return values


def _pick(value: str) -> Pick:
    code, _, when = value.partition(" ")
    seen: datetime | None = parse_datetime(when)
    if not code or seen is None:
        raise forms.ValidationError(LATE)
    return Pick(code, seen)
