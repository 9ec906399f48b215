"""Query parameters that filter listings and models. Makes and models go by any catalogue name."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import make_find
from marketplace.listings.details.columns import Drive
from marketplace.listings.details.countries import COUNTRIES
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import SORTS


def _make_or_error(text: str) -> Make:
    if "\0" in text or (make := make_find(text)) is None:
        raise ValidationError(gettext("The catalogue has no make of this name."))
    return make


class _MakeField(forms.CharField):
    def clean(self, value: Any) -> Make | None:
        text = super().clean(value)
        return _make_or_error(text) if text else None


class MakeFilter(filters.Filter):
    """``?make=vw``"""

    field_class = _MakeField


class CarModelFilterSet(filters.FilterSet):
    make = MakeFilter(help_text=_("any name of the make: Volkswagen, vw …"))

    class Meta:
        model = CarModel
        fields = ("make",)


def _number(words: str | Promise) -> filters.NumberFilter:
    return filters.NumberFilter(field_name="year", help_text=words)


class ListingFilterSet(filters.FilterSet):
    """Parses and describes the parameters; marketplace.api.listings makes criteria of them."""

    q = filters.CharFilter(help_text=_("words as people type them: golf diesel under 5000"))
    make = MakeFilter(help_text=_("any name of the make: Volkswagen, vw …"))
    model = filters.CharFilter(help_text=_("any name of the model; needs make"))
    year_min = _number(_("the first year"))
    year_max = _number(_("the last year"))
    price_min = _number(_("in currency"))
    price_max = _number(_("in currency"))
    mileage_min = _number(_("in kilometres"))
    mileage_max = _number(_("in kilometres"))
    currency = filters.ChoiceFilter(
        choices=Listing.Currency.choices, help_text=_("of price_min and price_max; without it EUR")
    )
    body = filters.ChoiceFilter(choices=Listing.Body.choices)
    colour = filters.ChoiceFilter(choices=Listing.Colour.choices)
    country = filters.ChoiceFilter(choices=COUNTRIES)
    drive = filters.ChoiceFilter(choices=Drive.choices)
    fuel = filters.ChoiceFilter(choices=Listing.Fuel.choices)
    gearbox = filters.ChoiceFilter(choices=Listing.Gearbox.choices)
    place = filters.CharFilter(help_text=_("a part of the place; case and accents do not matter"))
    sort = filters.ChoiceFilter(choices=list(SORTS.items()))

    class Meta:
        model = Listing
        fields = ("make", "currency", "body", "colour", "drive", "fuel", "gearbox")
