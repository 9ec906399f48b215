"""The seller's fields for an advertisement's details."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.utils.dates import MONTHS
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.listings.details.columns import (
    DOORS,
    OWNERS,
    POWER,
    SEATS,
    TELEPHONE,
    AccidentFree,
    Drive,
    MileageUnit,
    PowerUnit,
    Vat,
)
from marketplace.listings.details.countries import COUNTRIES
from marketplace.listings.details.equipment import GROUPS, NAMES, ordered
from marketplace.listings.details.number_fields import (
    MileageField,
    MonthField,
    PowerField,
    WholeNumberField,
)
from marketplace.listings.limits import MILEAGE
from marketplace.listings.models import Listing
from marketplace.text_fields import LineFormField

CHOOSE = ("", _("Choose"))
DETAIL_FIELDS = (
    "negotiable", "vat", "mileage_unit", "registered_month", "power_kw", "power_unit", "doors", "seats", "drive",
    "owners", "accident_free", "inspection_until", "equipment", "country", "postcode", "telephone",
)  # fmt: skip


def digits(**attrs: Any) -> dict[str, Any]:
    """Attributes of an input for a whole number."""
    return {"inputmode": "numeric", "autocomplete": "off", **attrs}


def shown_details(listing: Listing) -> dict[str, Any]:
    """The values as the form shows them: in the seller's units, a month as on its sticker."""
    values = {name: getattr(listing, name) for name in DETAIL_FIELDS}
    until = listing.inspection_until
    return {
        **values,
        "mileage_km": listing.mileage,
        "power_kw": listing.power,
        "inspection_until": f"{until:%m/%Y}" if until else "",
    }


class EquipmentField(forms.MultipleChoiceField):
    """Codes of the equipment list. An empty one says that the page had the list, and is no code."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {"invalid_choice": _("Choose the equipment from the list.")}  # noqa: RUF012

    def to_python(self, value: Any) -> list[str]:
        return ordered([code for code in super().to_python(value) if code in NAMES])

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)


class DetailsForm(forms.Form):
    """See ``Details`` in ``columns``. A number and its unit are read together, where both came."""

    negotiable = forms.BooleanField(required=False, label=_("Price negotiable"))
    vat = forms.ChoiceField(choices=[CHOOSE, *Vat.choices], required=False, label=_("VAT"))
    mileage_km = MileageField(
        required=False,
        label=_("Mileage"),
        validators=MILEAGE,
        widget=forms.TextInput(attrs=digits(placeholder=_("such as 85 000"), **{"data-with": "mileage_unit"})),
    )
    mileage_unit = forms.ChoiceField(
        choices=MileageUnit.choices,
        required=False,  # a program may leave it out: then it stays
        label=_("Unit of mileage"),
        widget=forms.Select(attrs={"data-with": "mileage_km"}),
    )
    registered_month = forms.TypedChoiceField(
        choices=[("", _("Month")), *MONTHS.items()],
        coerce=int,
        empty_value=None,
        required=False,
        label=_("Month of first registration"),
    )
    power_kw = PowerField(
        required=False,
        label=_("Power"),
        validators=POWER,
        widget=forms.TextInput(attrs=digits(placeholder=_("such as 110"), **{"data-with": "power_unit"})),
    )
    power_unit = forms.ChoiceField(
        choices=PowerUnit.choices,
        required=False,
        label=_("Unit of power"),
        widget=forms.Select(attrs={"data-with": "power_kw"}),
    )
    doors = WholeNumberField(
        required=False,
        validators=DOORS,
        label=_("Doors, the tailgate included"),
        widget=forms.TextInput(attrs=digits(placeholder=_("such as 5"))),
        error_messages={"invalid": _("Write the doors as a number, such as 5.")},
    )
    seats = WholeNumberField(
        required=False,
        validators=SEATS,
        label=_("Seats"),
        widget=forms.TextInput(attrs=digits(placeholder=_("such as 5"))),
        error_messages={"invalid": _("Write the seats as a number, such as 5.")},
    )
    drive = forms.ChoiceField(choices=[CHOOSE, *Drive.choices], required=False, label=_("Drive"))
    owners = WholeNumberField(
        required=False,
        min_value=0,
        validators=OWNERS,
        label=_("Owners so far, you included"),
        widget=forms.TextInput(attrs=digits(placeholder=_("such as 2"))),
        error_messages={
            "invalid": _("Write the owners as a number, such as 2."),
            "min_value": _("Write the owners as a number, such as 2."),
        },
    )
    accident_free = forms.ChoiceField(choices=[CHOOSE, *AccidentFree.choices], required=False, label=_("Accident-free"))
    inspection_until = MonthField(
        required=False,
        label=_("Inspection valid until"),
        widget=forms.TextInput(attrs=digits(placeholder=_("MM/YYYY"))),
    )
    equipment = EquipmentField(
        choices=[(code, name) for group in GROUPS for code, name in group.items.items()],
        required=False,
        label=_("Equipment"),
    )
    country = forms.ChoiceField(
        choices=[CHOOSE, *COUNTRIES],
        required=False,
        label=_("Country"),
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    postcode = LineFormField(
        required=False,
        max_length=12,
        label=_("Postcode"),
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    telephone = LineFormField(
        required=False,
        max_length=28,
        validators=[TELEPHONE],
        label=_("Telephone"),
        help_text=_("Buyers can always write to you here. If you give a number, they see it after a press."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )

    def units_set(self, data: Mapping[str, Any], listing: Listing) -> None:
        """Let numbers be read in the units that were posted with them, else in the stored ones."""
        for number, unit in (("mileage_km", "mileage_unit"), ("power_kw", "power_unit")):
            if number in self.fields:
                field = cast("MileageField | PowerField", self.fields[number])
                field.unit = str(data.get(unit, getattr(listing, unit)))

    def equipment_groups(self) -> Iterator[tuple[Promise, list[tuple[str, Promise, bool]]]]:
        """The list under its headings, with what is ticked: for the page's own checkboxes."""
        ticked = set(self["equipment"].value() or [])
        for group in GROUPS:
            yield group.name, [(code, name, code in ticked) for code, name in group.items.items()]

    def equipment_count(self) -> int:
        return len(set(self["equipment"].value() or []) & NAMES.keys())
