"""Form fields for numbers as people write them (see marketplace.numbers), with their units."""

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.listings.details.columns import MileageUnit, PowerUnit
from marketplace.listings.details.units import km_of_miles, kw_of_ps
from marketplace.listings.models import Listing
from marketplace.numbers import PLAIN, plain_number, word_beside
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
MILES = frozenset({"mi", "mile", "miles"})
KILOWATTS = frozenset({"kw"})
HORSEPOWER = frozenset({"ps", "hp", "bhp", "cv", "ch", "pk", "km", "л.с", "к.с"})
MONTH_AND_YEAR = re.compile(r"(?P<month>0?[1-9]|1[0-2])\s*[./ -]\s*(?P<year>(?:19|20)?[0-9]{2})")
YEAR_AND_MONTH = re.compile(r"(?P<year>(?:19|20)[0-9]{2})\s*[./-]\s*(?P<month>0?[1-9]|1[0-2])")


class _NumberField(forms.Field):
    """A number as people write it, refused if it is ambiguous."""

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
        "invalid": _("Write the price as a number, such as 12 500."),
        "max_decimal_places": _("A price has at most two decimals. Write it such as 12 500 or 12 500.50."),
        "currency": _("Choose this currency from the list and write the price as a number, such as 12 500."),
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

    default_error_messages = {"invalid": _("Write a whole number, such as 85 000.")}  # noqa: RUF012

    def __init__(self, *, words: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def plain(self, text: str) -> str:
        number = plain_number(text, words=self.words)
        if not PLAIN.fullmatch(number) or "." in number:
            raise self.refusal()
        return number


class _InUnitField(WholeNumberField):
    """A whole number in the unit that is chosen beside it; another unit behind it is refused.

    Validators see the value in the unit that is stored.
    """

    units: dict[str, frozenset[str]]
    unit = ""  # the one chosen in the form

    def plain(self, text: str) -> str:
        self.words = self.units.get(self.unit, frozenset())
        if word_beside(text) in frozenset().union(*self.units.values()) - self.words:
            raise self.refusal("unit")
        return super().plain(text)


class MileageField(_InUnitField):
    """A distance as on the dial, in kilometres once it is cleaned."""

    units = {MileageUnit.KM: KILOMETRES, MileageUnit.MILES: MILES}  # noqa: RUF012
    default_error_messages = {  # noqa: RUF012
        "invalid": _("Write the mileage as a whole number, such as 85 000."),
        "unit": _("Choose kilometres or miles from the list and write the mileage as a whole number."),
    }

    def to_python(self, value: Any) -> int | None:
        number: int | None = super().to_python(value)
        return km_of_miles(number) if number is not None and self.unit == MileageUnit.MILES else number


class PowerField(_InUnitField):
    """An engine's power, in kilowatts once it is cleaned."""

    units = {PowerUnit.KW: KILOWATTS, PowerUnit.PS: HORSEPOWER}  # noqa: RUF012
    default_error_messages = {  # noqa: RUF012
        "invalid": _("Write the power as a whole number, such as 110."),
        "unit": _("Choose kW or PS from the list and write the power as a whole number."),
    }

    def to_python(self, value: Any) -> Any:
        number: int | None = super().to_python(value)
        if number is None:
            return None
        return kw_of_ps(number) if self.unit == PowerUnit.PS else Decimal(number)


class MonthField(forms.Field):
    """A month as on a sticker: ``03/2027``, ``3.27``, ``2027-03``; its first day once cleaned."""

    widget = forms.TextInput
    default_error_messages = {"invalid": _("Write month and year, such as 03/2027.")}  # noqa: RUF012

    def to_python(self, value: Any) -> Any:
        text = line_clean(str(value or ""))
        if not text:
            return None
        found = MONTH_AND_YEAR.fullmatch(text) or YEAR_AND_MONTH.fullmatch(text)
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        year = int(found["year"])
        return date(year if year > 99 else 2000 + year, int(found["month"]), 1)
