"""What the catalogue's pages send: makes and models by name, as people write them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.selectors import car_exact, make_find
from marketplace.text_fields import LineFormField

UNKNOWN = _("The catalogue has no “%(text)s”.")


class CarOrMakeField(LineFormField):
    """A make, or a make and model in full: (Make, CarModel | None)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=170, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        make = make_find(text)
        found = (make, None) if make else car_exact(text)
        if found is None:
            raise forms.ValidationError(UNKNOWN, params={"text": text})
        return found


class MergeForm(forms.Form):
    """this becomes another name of into: two makes, or two models."""

    this = CarOrMakeField(label=_("This one"))
    into = CarOrMakeField(label=_("is another name of"))
    sure = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        this, into = values.get("this"), values.get("into")
        if this and into and (this[1] is None) != (into[1] is None):
            raise forms.ValidationError(_("Name two makes, or two models."))
        return values


class RenameForm(forms.Form):
    which = CarOrMakeField(label=_("This one"))
    name = LineFormField(max_length=80, label=_("is called"), help_text=_("Without the make, if it is a model."))


class ProposeForm(forms.Form):
    make = LineFormField(max_length=80, label=_("Make"))
    name = LineFormField(max_length=80, label=_("Model"))
    listing = forms.SlugField(required=False, max_length=12, widget=forms.HiddenInput)


class ProposalForm(forms.Form):
    """What becomes of a proposal."""

    what = forms.ChoiceField(choices=[("add", "add"), ("alias", "alias"), ("refuse", "refuse")])
    make = LineFormField(required=False, max_length=80)
    name = LineFormField(required=False, max_length=80)
    same = CarOrMakeField(required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("what") == "add" and not (values.get("make") and values.get("name")):
            raise forms.ValidationError(_("Say make and model."))
        if values.get("what") == "alias" and not (values.get("same") and values["same"][1]):
            raise forms.ValidationError(_("Say which model of the catalogue it is."))
        return values
