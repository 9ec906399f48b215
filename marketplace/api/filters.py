"""Query parameters that filter listings and models. Makes and models go by any catalogue name."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters import rest_framework as filters

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import make_find, model_find
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_in_place


def _make_or_error(text: str) -> Make:
    if "\0" in text or (make := make_find(text)) is None:
        raise ValidationError("The catalogue has no make of this name.")
    return make


class _MakeField(forms.CharField):
    def clean(self, value: Any) -> Make | None:
        text = super().clean(value)
        return _make_or_error(text) if text else None


class MakeFilter(filters.Filter):
    """``?make=vw``"""

    field_class = _MakeField


class CarModelFilterSet(filters.FilterSet):
    make = MakeFilter(help_text="any name of the make: Volkswagen, vw …")

    class Meta:
        model = CarModel
        fields = ("make",)


class ListingFilterSet(filters.FilterSet):
    make = MakeFilter(help_text="any name of the make: Volkswagen, vw …")
    model = filters.CharFilter(method="with_model", help_text="any name of the model; needs make")
    year_min = filters.NumberFilter(field_name="year", lookup_expr="gte")
    year_max = filters.NumberFilter(field_name="year", lookup_expr="lte")
    price_min = filters.NumberFilter(field_name="price", lookup_expr="gte")
    price_max = filters.NumberFilter(field_name="price", lookup_expr="lte")
    mileage_max = filters.NumberFilter(field_name="mileage_km", lookup_expr="lte")
    currency = filters.ChoiceFilter(choices=Listing.Currency.choices)
    body = filters.ChoiceFilter(choices=Listing.Body.choices)
    colour = filters.ChoiceFilter(choices=Listing.Colour.choices)
    fuel = filters.ChoiceFilter(choices=Listing.Fuel.choices)
    gearbox = filters.ChoiceFilter(choices=Listing.Gearbox.choices)
    place = filters.CharFilter(method="in_place", help_text="a part of the place; case and accents do not matter")

    class Meta:
        model = Listing
        fields = ("make", "currency", "body", "colour", "fuel", "gearbox")

    def with_model(self, queryset: QuerySet[Listing], _name: str, value: str) -> QuerySet[Listing]:
        make = self.form.cleaned_data.get("make")
        model = model_find(make=make, text=value) if make else None
        return queryset.filter(car_model=model) if model else queryset.none()

    def in_place(self, queryset: QuerySet[Listing], _name: str, value: str) -> QuerySet[Listing]:
        return listings_in_place(queryset, value)
