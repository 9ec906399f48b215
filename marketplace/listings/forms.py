"""The seller's form."""

from collections.abc import Collection
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import make_list
from marketplace.listings.limits import MILEAGE, PRICE, YEAR, name_with_letters
from marketplace.listings.models import Listing
from marketplace.listings.services import FREE_FIELDS, SELLER_FIELDS
from marketplace.numbers import PLAIN, plain_number, word_beside
from marketplace.text_fields import LineFormField, ParagraphsFormField
from marketplace.texts import line_clean

# What people write beside a price for each currency, in lower case.
CURRENCY_WORDS: dict[str, frozenset[str]] = {
    Listing.Currency.EUR: frozenset({"€", "eur", "euro", "euros"}),
    Listing.Currency.USD: frozenset({"$", "usd", "us$"}),
    Listing.Currency.GBP: frozenset({"£", "gbp"}),
    Listing.Currency.BRL: frozenset({"r$", "brl"}),
    Listing.Currency.PLN: frozenset({"zł", "zl", "pln"}),
    Listing.Currency.CZK: frozenset({"kč", "kc", "czk"}),
    Listing.Currency.CHF: frozenset({"chf", "fr", "sfr"}),
    Listing.Currency.UAH: frozenset({"₴", "грн", "uah"}),
}
ANY_CURRENCY = frozenset().union(*CURRENCY_WORDS.values())
KILOMETRES = frozenset({"km", "kms", "км", "kilometres", "kilometers"})


class _NumberField(forms.Field):
    """A number as people write it (see marketplace.numbers), refused if it is ambiguous."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            text = line_clean(value)
            value = self.plain(text) if text else None
        return super().to_python(value)

    def plain(self, text: str) -> str:
        """The number in plain digits. Raises ValidationError."""
        raise NotImplementedError

    def refusal(self, code: str = "invalid") -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code=code)


class PriceField(_NumberField, forms.DecimalField):
    """A sum of money. Its currency may stand beside it; another currency is refused."""

    default_error_messages = {  # noqa: RUF012  # declared as in Django
        "invalid": "Write the price as a number, such as 12 500.",
        "max_decimal_places": "A price has at most two decimals. Write it such as 12 500 or 12 500.50.",
        "currency": "Choose this currency from the list and write the price as a number, such as 12 500.",
    }
    currency = ""  # the one chosen in the form, if any

    def plain(self, text: str) -> str:
        own = CURRENCY_WORDS.get(self.currency, frozenset())
        if word_beside(text) in ANY_CURRENCY - own:
            raise self.refusal("currency")
        number = plain_number(text, words=own, no_cents=True)
        if not PLAIN.fullmatch(number):
            raise self.refusal()
        return number


class WholeNumberField(_NumberField, forms.IntegerField):
    """A whole number. words: units that may stand beside it, in lower case."""

    default_error_messages = {"invalid": "Write a whole number, such as 85 000."}  # noqa: RUF012

    def __init__(self, *, words: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def plain(self, text: str) -> str:
        number = plain_number(text, words=self.words)
        if not PLAIN.fullmatch(number) or "." in number:
            raise self.refusal()
        return number


class NameField(LineFormField):
    """A make or model that the catalogue does not have, in the seller's own words."""

    default_validators = [name_with_letters]  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=80, **kwargs)
        self.widget.attrs["autocomplete"] = "off"


def _digits(**attrs: str) -> dict[str, str]:
    return {"inputmode": "numeric", "autocomplete": "off", **attrs}


def _shown(listing: Listing) -> dict[str, Any]:
    """The listing's values as the form shows them: a whole price without decimals."""
    values = {name: getattr(listing, name) for name in SELLER_FIELDS}
    if listing.price is not None and listing.price % 1 == 0:
        values["price"] = int(listing.price)
    return values


class ListingForm(forms.Form):
    """The seller's fields. All of them may stay empty until the listing is submitted.

    Bound to some of the fields (autosave) it checks only those: see ``posted`` and ``values``.
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
        validators=YEAR,
        label="Year of first registration",
        widget=forms.TextInput(attrs=_digits(maxlength="4", placeholder="such as 2018")),
        error_messages={"invalid": "Write the year as four digits, such as 2018."},
    )
    price = PriceField(
        required=False,
        validators=PRICE,
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "such as 12 500"}),
    )
    currency = forms.ChoiceField(choices=Listing.Currency.choices)
    mileage_km = WholeNumberField(
        required=False,
        label="Mileage (km)",
        validators=MILEAGE,
        words=KILOMETRES,
        widget=forms.TextInput(attrs=_digits(placeholder="such as 85 000")),
        error_messages={"invalid": "Write the mileage as a whole number of kilometres, such as 85 000."},
    )
    fuel = forms.ChoiceField(choices=[("", "Choose"), *Listing.Fuel.choices], required=False)
    gearbox = forms.ChoiceField(choices=[("", "Choose"), *Listing.Gearbox.choices], required=False)
    place = LineFormField(
        required=False,
        max_length=120,
        label="Where the car is",
        widget=forms.TextInput(attrs={"autocomplete": "address-level2", "placeholder": "Town or city"}),
    )
    description = ParagraphsFormField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": "Equipment, service history, scratches: what you would want to know."}
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, listing: Listing) -> None:
        super().__init__(data, initial=_shown(listing))
        self.listing = listing
        cast(PriceField, self.fields["price"]).currency = self.data.get("currency", listing.currency)
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
        # At most 18 digits: a longer number does not fit a primary key.
        return (
            CarModel.objects.filter(make_id=int(make))
            if make.isdecimal() and len(make) < 19
            else CarModel.objects.none()
        )

    def posted(self) -> list[str]:
        """The fields that the person changed.

        A whole form, posted without JavaScript, also contains the make, model and body that it
        showed when it was opened. Values that did not change since are not the person's: the photos
        may have filled in others meanwhile.
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
