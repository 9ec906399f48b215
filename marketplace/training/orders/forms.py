"""What an operator says of a training."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from classifier.training.recipe import recipe_names
from marketplace.training.models import TrainingOrder

FILE = re.compile(r"[\w.-]+\.csv")


class OrderForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A recipe, the labels, a time limit."""

    recipe = forms.ChoiceField(label=_("Recipe"), choices=lambda: [(name, name) for name in recipe_names()])
    manifest = forms.CharField(
        label=_("Manifest"),
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Further labelled photos: the name of a CSV file in the folder manifests of the training machine."),
    )

    class Meta:
        model = TrainingOrder
        fields = ("recipe", "decisions", "manifest", "max_minutes", "promote")
        widgets = {  # noqa: RUF012  # Django's own way
            "decisions": UnfoldBooleanSwitchWidget,
            "max_minutes": UnfoldAdminIntegerFieldWidget,
            "promote": UnfoldAdminSelectWidget,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipe"].widget = UnfoldAdminSelectWidget(choices=self.fields["recipe"].choices)  # type: ignore[attr-defined]

    def clean_manifest(self) -> str:
        name: str = self.cleaned_data["manifest"].strip()
        # A name and no path: nobody reads other files of the machine from here.
        if name and (not FILE.fullmatch(name) or name.startswith(".")):
            raise forms.ValidationError(_("The name of a file that ends in .csv, without a folder."))
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("decisions") and not values.get("manifest"):
            raise forms.ValidationError(_("Choose what to learn from: decisions, a manifest, or both."))
        return values
