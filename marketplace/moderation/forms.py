"""What a moderator's page sends."""

from typing import Any

from django import forms

from marketplace.catalogue.models import CarModel, Make
from marketplace.moderation.models import Decision

REJECT_REASONS = (
    "The photos do not show the car that is offered.",
    "There is no usable photo of the whole car from outside.",
    "Photos are copied from elsewhere or carry advertising.",
    "Price, year or mileage cannot be right.",
    "This is not a car for sale.",
)
NOT_SEEN = "The page did not say what you saw of this listing; look again."


class DecisionForm(forms.Form):
    """``car`` ("make id:model id", the model's may be empty) stands for a correction; else ``action`` says it.

    ``seen``: when that was handed in which the page showed, so that nobody decides what they have not seen.
    """

    action = forms.ChoiceField(
        choices=[(Decision.Action.ACCEPT, "accept"), (Decision.Action.REJECT, "reject")], required=False
    )
    car = forms.RegexField(r"^\d{1,18}:\d{0,18}$", required=False)
    reason = forms.CharField(max_length=1000, required=False)
    seen = forms.DateTimeField(error_messages=dict.fromkeys(("required", "invalid"), NOT_SEEN))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values["make"] = values["car_model"] = None
        if values.get("car"):
            make_id, _, model_id = values["car"].partition(":")
            values["action"] = Decision.Action.CORRECT
            values["make"] = Make.objects.filter(pk=make_id).first()
            values["car_model"] = CarModel.objects.filter(pk=model_id).first() if model_id else None
            if values["make"] is None or (model_id and values["car_model"] is None):
                raise forms.ValidationError("This car is not in the catalogue any more.")
        elif not values.get("action"):
            raise forms.ValidationError("Choose what to do with this listing.")
        return values
