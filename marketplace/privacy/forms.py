"""What a person's next advertisement begins with, and how sums are shown to them."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.listings.details.columns import MileageUnit, PowerUnit
from marketplace.listings.details.countries import COUNTRIES
from marketplace.listings.models import Listing

OPEN = ("", _("as in your latest advertisement"))


class DefaultsForm(forms.ModelForm):  # type: ignore[type-arg]  # no generics at run time
    country = forms.ChoiceField(choices=(OPEN, *COUNTRIES), required=False, label=_("Country"))
    currency = forms.ChoiceField(
        choices=(OPEN, *Listing.Currency.choices),
        required=False,
        label=_("Currency"),
        help_text=_("Prices in other currencies are shown converted, too."),
    )
    mileage_unit = forms.ChoiceField(choices=(OPEN, *MileageUnit.choices), required=False, label=_("Mileage in"))
    power_unit = forms.ChoiceField(choices=(OPEN, *PowerUnit.choices), required=False, label=_("Power in"))

    class Meta:
        model = User
        fields = ("country", "postcode", "place", "currency", "mileage_unit", "power_unit")
        widgets = {  # noqa: RUF012
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "place": forms.TextInput(attrs={"autocomplete": "address-level2"}),
        }
        labels = {"postcode": _("Postcode"), "place": _("Town")}  # noqa: RUF012
