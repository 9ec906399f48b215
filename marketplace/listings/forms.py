"""The seller's form."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import make_list
from marketplace.listings.details.forms import DetailsForm, digits, shown_details
from marketplace.listings.details.number_fields import PriceField, WholeNumberField
from marketplace.listings.limits import PRICE, YEAR, name_with_letters
from marketplace.listings.models import Listing
from marketplace.listings.services import FREE_FIELDS, SELLER_FIELDS
from marketplace.text_fields import LineFormField, ParagraphsFormField


class CatalogueSelect(forms.Select):
    """Makes or models; static/js/picker.js lets people search them by any of their names."""

    def __init__(self) -> None:
        none = _("Nothing in the list matches. You can write it yourself, below.")
        super().__init__(attrs={"data-picker": "", "data-none": none})

    def create_option(self, name: str, value: Any, label: Any, selected: Any, index: int, **kwargs: Any) -> Any:  # type: ignore[override]
        option = super().create_option(name, value, label, selected, index, **kwargs)
        if instance := getattr(value, "instance", None):
            option["attrs"]["data-words"] = "|".join(alias.text for alias in instance.aliases.all())
        return option


class NameField(LineFormField):
    """A make or model that the catalogue does not have, in the seller's own words."""

    default_validators = [name_with_letters]  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=80, **kwargs)
        self.widget.attrs["autocomplete"] = "off"


def _shown(listing: Listing) -> dict[str, Any]:
    """The listing's values as the form shows them: a whole price without decimals."""
    values = {name: getattr(listing, name) for name in SELLER_FIELDS} | shown_details(listing)
    if listing.price is not None and listing.price % 1 == 0:
        values["price"] = int(listing.price)
    return values


class ListingForm(DetailsForm):
    """The seller's fields. All of them may stay empty until the listing is submitted.

    Bound to some of the fields (autosave) it checks only those: see ``posted`` and ``values``.
    """

    make = forms.ModelChoiceField(
        Make.objects.none(),
        required=False,
        widget=CatalogueSelect(),
        empty_label=_("Choose"),
        error_messages={"invalid_choice": _("Choose a make from the list.")},
    )
    car_model = forms.ModelChoiceField(
        CarModel.objects.none(),
        required=False,
        widget=CatalogueSelect(),
        label=_("Model"),
        empty_label=_("Choose"),
        error_messages={"invalid_choice": _("Choose a model of this make.")},
    )
    other_make = NameField(label=_("Make, in your own words"))
    other_model = NameField(label=_("Model, in your own words"))
    body = forms.ChoiceField(choices=[("", _("Choose")), *Listing.Body.choices], required=False, label=_("Body type"))
    colour = forms.ChoiceField(choices=[("", _("Choose")), *Listing.Colour.choices], required=False, label=_("Colour"))
    year = WholeNumberField(
        required=False,
        validators=YEAR,
        label=_("Year of first registration"),
        widget=forms.TextInput(attrs=digits(maxlength="4", placeholder=_("such as 2018"))),
        error_messages={"invalid": _("Write the year as four digits, such as 2018.")},
    )
    price = PriceField(
        required=False,
        validators=PRICE,
        max_digits=12,
        decimal_places=2,
        label=_("Price"),
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": _("such as 12 500")}
        ),
    )
    currency = forms.ChoiceField(choices=Listing.Currency.choices, label=_("Currency"))
    fuel = forms.ChoiceField(choices=[("", _("Choose")), *Listing.Fuel.choices], required=False, label=_("Fuel"))
    gearbox = forms.ChoiceField(
        choices=[("", _("Choose")), *Listing.Gearbox.choices], required=False, label=_("Gearbox")
    )
    place = LineFormField(
        required=False,
        max_length=120,
        label=_("Where the car is"),
        widget=forms.TextInput(attrs={"autocomplete": "address-level2", "placeholder": _("Town or city")}),
    )
    description = ParagraphsFormField(
        required=False,
        max_length=5000,
        label=_("Description"),
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": _("Equipment, service history, scratches: what you would want to know.")}
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, listing: Listing) -> None:
        super().__init__(data, initial=_shown(listing))
        self.listing = listing
        cast(PriceField, self.fields["price"]).currency = self.data.get("currency", listing.currency)
        self.units_set(self.data, listing)
        make_field = cast("forms.ModelChoiceField[Make]", self.fields["make"])
        make_field.queryset = make_list().prefetch_related("aliases")
        model_field = cast("forms.ModelChoiceField[CarModel]", self.fields["car_model"])
        model_field.queryset = self._models()
        if listing.other_make:
            make_field.empty_label = gettext("Not in the list")
        if listing.other_make or listing.other_model:
            model_field.empty_label = gettext("Not in the list")
        elif listing.make is None and data is None:
            model_field.empty_label = gettext("Make first")

    def _models(self) -> QuerySet[CarModel]:
        make = str(self.data.get("make") if "make" in self.data else self.listing.make_id)
        # At most 18 digits: a longer number does not fit a primary key.
        return (
            CarModel.objects.filter(make_id=int(make)).prefetch_related("aliases")
            if make.isdecimal() and len(make) < 19
            else CarModel.objects.none()
        )

    def posted(self) -> list[str]:
        """The fields that the person changed.

        A whole form, posted without JavaScript, also contains what the photos had filled in when it
        was opened. Values that did not change since are not the person's: the photos may have
        filled in others meanwhile.
        """
        return [
            name
            for name in SELLER_FIELDS
            if name in self.data and self.data.get(f"shown_{name}") != self.data.get(name)
        ]

    def values(self) -> dict[str, Any]:
        """The valid ones of the posted fields, cleaned."""
        return {name: self.cleaned_data[name] for name in self.posted() if name in self.cleaned_data}

    def wrong(self) -> dict[str, str]:
        """The invalid ones of the posted fields, each with one line."""
        return {name: " ".join(map(str, self.errors[name])) for name in self.posted() if name in self.errors}


class OfferForm(ListingForm):
    """What a seller may change of an approved listing at once; the whole form is stored or none."""

    def __init__(self, data: QueryDict | None = None, *, listing: Listing) -> None:
        super().__init__(data, listing=listing)
        self.fields = {name: field for name, field in self.fields.items() if name in FREE_FIELDS}
