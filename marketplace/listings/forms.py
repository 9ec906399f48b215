"""What people type about a car, and how they look for one."""

import re
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import make_list
from marketplace.listings.models import Listing
from marketplace.listings.selectors import SORTS, makes_live
from marketplace.listings.services import SELLER_FIELDS

_BLANKS = re.compile(r"[\s'’]")
_THOUSANDS = re.compile(r"\d{1,3}([.,]\d{3})+")


def plain_number(text: str) -> str:
    """A number as people write it, made plain: ``"12.500"`` → ``"12500"``, ``"12,500.00"`` → ``"12500.00"``.

    One separator before exactly three digits parts thousands; the last separator otherwise parts the decimals.
    """
    text = _BLANKS.sub("", text)
    if _THOUSANDS.fullmatch(text):
        return re.sub(r"[.,]", "", text)
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text
    return re.sub(r"[.,]", "", text[:last]) + "." + text[last + 1 :]


class PriceField(forms.DecimalField):
    """A sum of money, thousands parted as the seller likes."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        return super().to_python(plain_number(value) if isinstance(value, str) else value)


class WholeNumberField(forms.IntegerField):
    """A whole number, thousands parted as the seller likes."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        return super().to_python(plain_number(value) if isinstance(value, str) else value)


class NameField(forms.CharField):
    """A make or model that the catalogue does not have, in the seller's own words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=80, **kwargs)
        self.widget.attrs["autocomplete"] = "off"

    def clean(self, value: Any) -> str:
        text = " ".join(super().clean(value).split())
        if text and not name_key(text):
            raise forms.ValidationError("Write the name with letters or digits.")
        return text


def _digits(**attrs: str) -> dict[str, str]:
    return {"inputmode": "numeric", "autocomplete": "off", **attrs}


def _shown(listing: Listing) -> dict[str, Any]:
    """The listing's values as the form shows them: a price without cents where it has none."""
    values = {name: getattr(listing, name) for name in SELLER_FIELDS}
    if listing.price is not None and listing.price % 1 == 0:
        values["price"] = int(listing.price)
    return values


class ListingForm(forms.Form):
    """The seller's fields. Every one may stay empty until the listing is submitted.

    Bound to a part of the fields (autosave) it judges only those: see ``posted`` and ``values``.
    """

    make = forms.ModelChoiceField(
        Make.objects.none(),
        required=False,
        empty_label="Choose",
        error_messages={"invalid_choice": "Choose a make from the list."},
    )
    car_model = forms.ModelChoiceField(
        CarModel.objects.none(),
        required=False,
        label="Model",
        empty_label="Choose",
        error_messages={"invalid_choice": "Choose a model of this make."},
    )
    other_make = NameField(label="Make, in your own words")
    other_model = NameField(label="Model, in your own words")
    body = forms.ChoiceField(choices=[("", "Choose"), *Listing.Body.choices], required=False, label="Body type")
    year = WholeNumberField(
        required=False,
        label="Year of first registration",
        widget=forms.TextInput(attrs=_digits(maxlength="4", placeholder="such as 2018")),
        error_messages={"invalid": "Write the year as four digits, such as 2018."},
    )
    price = PriceField(
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "such as 12 500"}),
        error_messages={
            "invalid": "Write the price as a number, such as 12 500.",
            "min_value": "A price cannot be below zero.",
            "max_decimal_places": "A price has at most two decimals.",
        },
    )
    currency = forms.ChoiceField(choices=Listing.Currency.choices)
    mileage_km = WholeNumberField(
        required=False,
        label="Mileage (km)",
        min_value=0,
        max_value=5_000_000,
        widget=forms.TextInput(attrs=_digits(placeholder="such as 85 000")),
        error_messages={
            "invalid": "Write the mileage as a whole number of kilometres.",
            "min_value": "A mileage cannot be below zero.",
            "max_value": "No car has driven that far. Write the kilometres on the dial.",
        },
    )
    fuel = forms.ChoiceField(choices=[("", "Choose"), *Listing.Fuel.choices], required=False)
    gearbox = forms.ChoiceField(choices=[("", "Choose"), *Listing.Gearbox.choices], required=False)
    place = forms.CharField(
        required=False,
        max_length=120,
        label="Where the car is",
        widget=forms.TextInput(attrs={"autocomplete": "address-level2", "placeholder": "Town or city"}),
    )
    description = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": "Equipment, service history, scratches: what you would want to know."}
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, listing: Listing) -> None:
        super().__init__(data, initial=_shown(listing))
        self.listing = listing
        year = cast(forms.IntegerField, self.fields["year"])
        latest = timezone.now().year + 1
        year.validators = [
            MinValueValidator(1900, "The year cannot be before 1900."),
            MaxValueValidator(latest, f"The year cannot be after {latest}."),
        ]
        make_field = cast("forms.ModelChoiceField[Make]", self.fields["make"])
        make_field.queryset = make_list()
        model_field = cast("forms.ModelChoiceField[CarModel]", self.fields["car_model"])
        model_field.queryset = self._models()
        if listing.other_make:
            make_field.empty_label = "Not in the list"
        if listing.other_make or listing.other_model:
            model_field.empty_label = "Not in the list"
        elif listing.make is None and data is None:
            model_field.empty_label = "Make first"

    def _models(self) -> QuerySet[CarModel]:
        make = str(self.data.get("make") if "make" in self.data else self.listing.make_id)
        # At most 18 digits: what is longer fits no key's column.
        return (
            CarModel.objects.filter(make_id=int(make))
            if make.isdecimal() and len(make) < 19
            else CarModel.objects.none()
        )

    def posted(self) -> list[str]:
        """The fields that the person changed.

        A whole form, posted without JavaScript, also says which make, model and body it showed when it was opened.
        Those still the same are not the person's word: the photos may have filled them in meanwhile.
        """
        return [
            name
            for name in SELLER_FIELDS
            if name in self.data and self.data.get(f"shown_{name}") != self.data.get(name)
        ]

    def values(self) -> dict[str, Any]:
        """The posted fields that are valid, cleaned."""
        return {name: self.cleaned_data[name] for name in self.posted() if name in self.cleaned_data}

    def wrong(self) -> dict[str, str]:
        """The posted fields that are not valid, each with one line."""
        return {name: " ".join(map(str, self.errors[name])) for name in self.posted() if name in self.errors}


class BrowseForm(forms.Form):
    """Search and filters; what cannot be understood is left out rather than refused."""

    q = forms.CharField(required=False, max_length=200, label="Make or model")
    make = forms.ModelChoiceField(Make.objects.none(), required=False, to_field_name="slug", empty_label="All makes")
    price_min = PriceField(required=False, min_value=Decimal(0), label="Lowest price", max_digits=12)
    price_max = PriceField(required=False, min_value=Decimal(0), label="Highest price", max_digits=12)
    currency = forms.ChoiceField(choices=[("", "Any currency"), *Listing.Currency.choices], required=False)
    year_min = WholeNumberField(required=False, min_value=0, max_value=9999, label="First year")
    year_max = WholeNumberField(required=False, min_value=0, max_value=9999, label="Last year")
    body = forms.ChoiceField(choices=[("", "Any body"), *Listing.Body.choices], required=False, label="Body type")
    fuel = forms.ChoiceField(choices=[("", "Any fuel"), *Listing.Fuel.choices], required=False)
    gearbox = forms.ChoiceField(choices=[("", "Any gearbox"), *Listing.Gearbox.choices], required=False)
    sort = forms.ChoiceField(
        choices=[(key, sort.label) for key, sort in SORTS.items()], required=False, label="Sort by"
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        cast("forms.ModelChoiceField[Make]", self.fields["make"]).queryset = makes_live()
        for name, hint in (("price_min", "from"), ("price_max", "to"), ("year_min", "from"), ("year_max", "to")):
            self.fields[name].widget.attrs.update(inputmode="numeric", placeholder=hint)

    def criteria(self) -> dict[str, Any]:
        """The filters that were understood and say something."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}

    def narrowed(self) -> bool:
        """Whether any filter beside the search words and the order is set: then the page shows them opened."""
        return bool(self.criteria().keys() - {"q", "sort"})
