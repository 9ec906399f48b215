"""What a visitor asks for, and how that is written in an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.details.columns import Drive
from marketplace.listings.details.countries import COUNTRIES
from marketplace.listings.models import Listing
from marketplace.listings.places.towns import Town


class Choices:
    """The values of a column that can be asked for, each with its label."""

    def __init__(self, pairs: Iterable[tuple[str, str | Promise]]) -> None:
        self.pairs = [(str(value), label) for value, label in pairs]
        self.values = [value for value, _label in self.pairs]

    def label(self, value: str) -> str:
        return str(dict(self.pairs)[value])


CHOICES = {
    "fuel": Choices(Listing.Fuel.choices),
    "gearbox": Choices(Listing.Gearbox.choices),
    "body": Choices(Listing.Body.choices),
    "colour": Choices(Listing.Colour.choices),
    "drive": Choices(Drive.choices),
    "country": Choices(COUNTRIES),
}
"""The filters of which several values can be chosen. Names of columns and of parameters."""
RANGES = {"year": "year", "price": "price_eur", "mileage": "mileage_km"}
"""The filters with a lowest and a highest value, each with its column."""
SORTS: dict[str, str | Promise] = {
    "newest": _("Newest first"),
    "price": _("Lowest price"),
    "price-down": _("Highest price"),
    "mileage": _("Lowest mileage"),
    "year": _("Newest car"),
    "distance": _("Nearest"),
}
BASE_CURRENCY = str(Listing.Currency.EUR)


class Range(NamedTuple):
    """From and to, both included; None leaves that side open."""

    low: Decimal | int | None = None
    high: Decimal | int | None = None


ANY = Range()
RADII = (10, 25, 50, 100, 200)
"""Kilometres around a town. Names of towns go into a query, and databases take only so many."""
RADIUS = 50


@dataclass(frozen=True)
class Criteria:
    """A search. What is empty asks for nothing; all that is not must be met."""

    words: str = ""
    """Each of them begins a word of the listing's text."""
    makes: tuple[Make, ...] = ()
    """Whole makes. Those of ``models`` are not among them: one or the other must be met."""
    models: tuple[CarModel, ...] = ()
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per name in CHOICES, the values of which one must be met."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Per name in RANGES; prices in ``currency``."""
    places: tuple[str, ...] = ()
    """Texts of which one is part of the place."""
    near: Town | None = None
    """Cars in towns that are at most ``within`` kilometres from this one."""
    within: int = RADIUS
    """One of RADII."""
    currency: str = BASE_CURRENCY
    """The visitor's: of their price range, and of the converted sums that they are shown."""
    sort: str = "newest"
    """One of SORTS."""

    @property
    def narrowed(self) -> bool:
        """Whether it asks for anything; order and currency do not count."""
        return replace(self, sort="newest", currency=BASE_CURRENCY, within=RADIUS) != Criteria()

    @property
    def all_makes(self) -> tuple[Make, ...]:
        """Whole makes and those of the models, by name."""
        found = {make.pk: make for make in (*self.makes, *(one.make for one in self.models))}
        return tuple(sorted(found.values(), key=lambda make: make.name))

    def with_cars(self, makes: Iterable[Make], models: Iterable[CarModel]) -> Criteria:
        """The same with these cars instead of its own; a make with models is not whole."""
        few = tuple(sorted(set(models), key=lambda one: (one.make.name, one.name)))
        narrowed = {one.make_id for one in few}
        whole = {make.pk: make for make in makes if make.pk not in narrowed}
        return replace(self, models=few, makes=tuple(sorted(whole.values(), key=lambda make: make.name)))

    def with_chosen(self, name: str, values: Iterable[str]) -> Criteria:
        """The same with exactly these values of one filter, in the order of its choices."""
        wanted = set(values)
        ordered = tuple(value for value in CHOICES[name].values if value in wanted)
        rest = {key: value for key, value in self.chosen.items() if key != name}
        return replace(self, chosen={**rest, name: ordered} if ordered else rest)

    def with_range(self, name: str, between: Range) -> Criteria:
        """The same with this range of one filter; ANY takes it away."""
        rest = {key: value for key, value in self.ranges.items() if key != name}
        return replace(self, ranges={**rest, name: between} if between != ANY else rest)

    def with_all_of(self, other: Criteria) -> Criteria:
        """The same with whatever the other one asks for; of what both name, the other's counts."""
        merged = self.with_cars(other.makes, other.models) if other.makes or other.models else self
        return replace(
            merged,
            words=other.words or self.words,
            chosen={**self.chosen, **other.chosen},
            ranges={**self.ranges, **other.ranges},
            places=other.places or self.places,
            near=other.near or self.near,
            within=other.within if other.near else self.within,
            currency=other.currency if "price" in other.ranges else self.currency,
        )

    def parameters(self) -> list[tuple[str, str]]:
        """As an address has it after the question mark, always in the same order."""
        pairs = [("make", make.slug) for make in self.all_makes]
        pairs += [("model", f"{one.make.slug}/{one.slug}") for one in self.models]
        return pairs + self._other_parameters()

    def _other_parameters(self) -> list[tuple[str, str]]:
        pairs = [(name, value) for name in CHOICES for value in self.chosen.get(name, ())]
        for name in RANGES:
            low, high = self.ranges.get(name, ANY)
            pairs += [
                (f"{name}_{end}", _plain(value)) for end, value in (("min", low), ("max", high)) if value is not None
            ]
        pairs += [("place", place) for place in self.places]
        if self.near:
            pairs += [("near", str(self.near)), ("within", str(self.within))]
        pairs += [("currency", self.currency)] if self.currency != BASE_CURRENCY else []
        pairs += [("q", self.words)] if self.words else []
        return pairs + ([("sort", self.sort)] if self.sort != "newest" else [])

    def url(self, **more: str) -> str:
        """Its address: ``/cars/volkswagen/golf/?year_min=2015``; ``more`` stands at the end."""
        whole = self.all_makes
        if len(whole) == 1 and len(self.models) <= 1:
            path = whole[0].slug + "/" + "".join(f"{one.slug}/" for one in self.models)
            address, pairs = reverse("listings:browse") + "cars/" + quote(path), self._other_parameters()
        else:
            address, pairs = reverse("listings:browse"), self.parameters()
        pairs += [(name, value) for name, value in more.items() if value]
        return address + (f"?{urlencode(pairs, safe='/')}" if pairs else "")


def _plain(value: Decimal | int) -> str:
    """Without an exponent and without zeros after the point."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
