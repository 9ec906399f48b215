"""The search form: what an address or a visitor says, as criteria."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.details.number_fields import KILOMETRES, PriceField, WholeNumberField
from marketplace.listings.limits import PRICE
from marketplace.listings.models import Listing
from marketplace.listings.places.towns import Town, town_named
from marketplace.listings.search.criteria import (
    BASE_CURRENCY,
    CHOICES,
    RADII,
    RADIUS,
    RANGES,
    SORTS,
    Criteria,
    Range,
)
from marketplace.listings.search.facets import LABELS
from marketplace.listings.search.moved import make_moved, model_moved
from marketplace.listings.search.names import Names, names_now
from marketplace.text_fields import LineFormField

MOST_VALUES = 50  # of one filter in an address
_YEAR_LINE = _("Write the year as four digits, such as 2018.")


class _NamedField(forms.Field):
    """Makes or models by the names that addresses have for them."""

    widget = forms.MultipleHiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> list[Any]:
        texts = [text for text in (value or [])[:MOST_VALUES] if text]
        found = [self.named(names_now(), text) for text in texts]
        if None in found:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return found

    def named(self, names: Names, text: str) -> Make | CarModel | None:
        raise NotImplementedError


class MakesField(_NamedField):
    default_error_messages = {"invalid_choice": _("There is no make of this name.")}  # noqa: RUF012

    def named(self, names: Names, text: str) -> Make | None:
        return names.make_slugs.get(text) or make_moved(text)


class ModelsField(_NamedField):
    """``volkswagen/golf``"""

    default_error_messages = {"invalid_choice": _("There is no model of this name.")}  # noqa: RUF012

    def named(self, names: Names, text: str) -> CarModel | None:
        make, _slash, model = text.partition("/")
        found = names.make_slugs.get(make) or make_moved(make)
        if found is None:
            return None
        # A saved search holds the address that a model had before it was renamed or merged.
        return names.model_slugs.get((found.pk, model)) or model_moved(found, model)


class PlacesField(forms.Field):
    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        line = LineFormField(required=False, max_length=120)
        return [text for text in (line.clean(text) for text in (value or [])[:MOST_VALUES]) if text]


class TownField(LineFormField):
    """A town of the table, by its name."""

    default_error_messages = {  # noqa: RUF012
        "invalid_choice": _("We know no town of this name. Write a larger one nearby, such as “Brno”.")
    }

    def clean(self, value: Any) -> Town | None:
        text = super().clean(value)
        found = town_named(text) if text else None
        if text and found is None:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return found


def _year(label: Any) -> WholeNumberField:
    return WholeNumberField(
        required=False, min_value=0, max_value=9999, label=label, error_messages={"invalid": _YEAR_LINE}
    )  # fmt: skip


def _kilometres(label: Any) -> WholeNumberField:
    return WholeNumberField(required=False, min_value=0, max_value=5_000_000, label=label, words=KILOMETRES)


class SearchForm(forms.Form):
    """Every filter, its name being its parameter. An invalid one is left out, and said."""

    q = LineFormField(required=False, max_length=200, label=_("Search"))
    make = MakesField(label=_("Make"))
    model = ModelsField(label=_("Model"))
    year_min = _year(_("First year"))
    year_max = _year(_("Last year"))
    price_min = PriceField(required=False, validators=PRICE, label=_("Lowest price"), max_digits=12, decimal_places=2)
    price_max = PriceField(required=False, validators=PRICE, label=_("Highest price"), max_digits=12, decimal_places=2)
    mileage_min = _kilometres(_("Lowest mileage"))
    mileage_max = _kilometres(_("Highest mileage"))
    place = PlacesField(required=False, label=_("Place"))
    near = TownField(required=False, max_length=120, label=_("Near"))
    within = forms.TypedChoiceField(
        choices=lambda: [(km, _("within %(km)s km") % {"km": km}) for km in RADII],
        coerce=int,
        required=False,
        label=_("Distance"),
    )
    currency = forms.ChoiceField(choices=Listing.Currency.choices, required=False, label=_("Prices in"))
    sort = forms.ChoiceField(choices=list(SORTS.items()), required=False, label=_("Sort by"))

    def __init__(self, data: QueryDict) -> None:
        said = QueryDict(mutable=True)
        for name, values in data.lists():  # lists of further choices send an empty value
            said.setlist(name, [value for value in values if value])
        said.setdefault("within", str(RADIUS))  # what the list shows until somebody chooses
        super().__init__(said)
        for name, choices in CHOICES.items():
            self.fields[name] = forms.MultipleChoiceField(choices=choices.pairs, required=False, label=LABELS[name])
        # It stands among the cars, beside the form.
        beside = {"form": "search-form", "hx-include": "#search-form", "hx-trigger": "change"}
        self.fields["sort"].widget.attrs.update({"hx-get": reverse("listings:browse"), **beside})
        if not said.get("near"):
            self.fields["sort"].widget.choices = [one for one in SORTS.items() if one[0] != "distance"]
        self.fields["near"].widget.attrs.update({"autocomplete": "address-level2", "placeholder": _("town")})
        for name in RANGES:
            for end, hint in (("min", _("from")), ("max", _("to"))):
                attrs = {"inputmode": "numeric", "autocomplete": "off", "placeholder": hint}
                self.fields[f"{name}_{end}"].widget.attrs.update(attrs)
        for name in ("price_min", "price_max"):
            cast(PriceField, self.fields[name]).currency = data.get("currency", BASE_CURRENCY)

    def criteria(self) -> Criteria:
        """What the valid filters ask for."""
        self.full_clean()
        said = self.cleaned_data
        ranges = {name: Range(said.get(f"{name}_min"), said.get(f"{name}_max")) for name in RANGES}
        criteria = Criteria(
            words=said.get("q", ""),
            places=tuple(dict.fromkeys(said.get("place", ()))),
            near=said.get("near"),
            within=said.get("within") or RADIUS,
            currency=said.get("currency") or BASE_CURRENCY,
            sort=self._sort(),
        ).with_cars([*said.get("make", ())], _of_makes(said.get("model", ()), said.get("make", ())))
        for name in CHOICES:
            criteria = criteria.with_chosen(name, said.get(name, ()))
        for name, between in ranges.items():
            criteria = criteria.with_range(name, between)
        return criteria

    def _sort(self) -> str:
        """By distance only if it is said from where."""
        sort = str(self.cleaned_data.get("sort") or "newest")
        return "newest" if sort == "distance" and not self.cleaned_data.get("near") else sort

    def left_out(self) -> list[tuple[str, str]]:
        """The label of every invalid filter, and how to write it."""
        return [(str(self[name].label), " ".join(map(str, lines))) for name, lines in self.errors.items()]


def _of_makes(models: Iterable[CarModel], makes: Iterable[Make]) -> list[CarModel]:
    """The models of the makes that are chosen too: who takes away a make takes away its models.

    An address that names models alone means all of them.
    """
    ids = {make.pk for make in makes}
    return [one for one in models if not ids or one.make_id in ids]
