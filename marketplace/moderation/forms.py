"""What the moderator's pages send."""

import re
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import CarModel, Make
from marketplace.moderation.decisions.records import Circumstances
from marketplace.moderation.decisions.rejections import NO_CAR_CODE
from marketplace.moderation.labels.doubts import CORRECT, DISCARD, KEEP
from marketplace.moderation.labels.doubts import NO_CAR as LABEL_NO_CAR
from marketplace.moderation.models import Decision
from marketplace.moderation.reports import WORDS
from marketplace.text_fields import ParagraphsFormField

NOT_SEEN = _("The page did not say what you saw of this listing; look again.")
NOT_SEEN_LABEL = _("The page did not say what you saw of this label; look again.")


class CodesField(forms.Field):
    """The codes of the templates that were ticked, in their order."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        codes = [str(code) for code in value or []]
        if any(not re.fullmatch(r"[-\w]{1,40}", code) for code in codes):
            raise forms.ValidationError(gettext("There is no such template."))
        return codes


class TakeDownForm(forms.Form):
    """Why a listing is taken down, or a seller suspended."""

    template = CodesField(required=False)
    reason = ParagraphsFormField(max_length=1000, required=False)


class _AnswerForm(forms.Form):
    """An action, or a car of the catalogue that stands for a correction.

    car: "make id:model id"; the model's id may be empty.
    """

    correction: str
    nothing_chosen: str | Promise

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values["make"] = values["car_model"] = None
        if values.get("car"):
            values["make"], values["car_model"] = car_named(values["car"])
        if values.get("car") or values.get("suggestion") is not None:
            values["action"] = self.correction
        elif not values.get("action"):
            raise forms.ValidationError(str(self.nothing_chosen))
        return values


class DecisionForm(_AnswerForm):
    """A decision about a listing.

    seen: when the listing was submitted that the page showed, so that nobody decides about changes
    that they have not seen.
    """

    correction = Decision.Action.CORRECT
    nothing_chosen = _("Choose what to do with this listing.")

    action = forms.ChoiceField(
        choices=[
            (Decision.Action.ACCEPT, "accept"),
            (Decision.Action.CHANGES, "changes"),
            (Decision.Action.REJECT, "reject"),
            (Decision.Action.UNSURE, "unsure"),
            (NO_CAR_CODE, _("not a car")),
        ],
        required=False,
    )
    car = forms.RegexField(r"^\d{1,18}:\d{0,18}$", required=False)
    reason = ParagraphsFormField(max_length=1000, required=False)
    template = CodesField(required=False)
    seconds = forms.FloatField(min_value=0, required=False)
    seen = forms.DateTimeField(error_messages=dict.fromkeys(("required", "invalid"), NOT_SEEN))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        templates = values.get("template") or []
        if values.get("action") == NO_CAR_CODE:
            values["action"], templates = Decision.Action.REJECT, [NO_CAR_CODE]
        values["around"] = Circumstances(templates=templates, seconds=values.get("seconds"))
        return values


class LabelForm(_AnswerForm):
    """A decision about a label.

    suggestion: its number, from 0 for the likeliest; it stands for a correction. seen: the revision
    that the page showed.
    """

    correction = CORRECT
    nothing_chosen = _("Choose what to do with this label.")

    action = forms.ChoiceField(
        choices=[(KEEP, _("keep")), (DISCARD, _("leave out")), (LABEL_NO_CAR, _("no car"))], required=False
    )
    suggestion = forms.IntegerField(min_value=0, max_value=9, required=False)
    car = forms.RegexField(r"^\d{1,18}:\d{0,18}$", required=False)
    seen = forms.IntegerField(min_value=0, error_messages=dict.fromkeys(("required", "invalid"), NOT_SEEN_LABEL))


def car_named(value: str) -> tuple[Make, CarModel | None]:
    """The car named by "make id:model id". Raises ValidationError."""
    make_id, _, model_id = value.partition(":")
    make = Make.objects.filter(pk=make_id).first()
    car_model = CarModel.objects.filter(pk=model_id).first() if model_id else None
    if make is None or (model_id and car_model is None):
        raise forms.ValidationError(gettext("This car is not in the catalogue any more."))
    return make, car_model


class ReportDecisionForm(forms.Form):
    """What to do about a report; words are for the seller of what is taken down."""

    action = forms.ChoiceField(
        choices=list(WORDS.items()),
        error_messages={
            "required": _("Choose what to do about it."),
            "invalid_choice": _("Choose what to do about it."),
        },
    )
    words = ParagraphsFormField(required=False, max_length=1000)
