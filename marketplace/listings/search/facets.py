"""Criteria and counts as the page shows them: chips, and every other choice with its count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.listings.search.criteria import ANY, BASE_CURRENCY, CHOICES, RANGES, Criteria, Range
from marketplace.listings.search.names import Names, names_now
from marketplace.listings.search.stock.counting import Counts
from marketplace.listings.templatetags.car_words import SIGNS

MAKES_SHOWN = 10
MODELS_SHOWN = 14
OPTIONS_SHOWN = 10


class Chip(NamedTuple):
    """One thing that was asked for, and the address without it."""

    label: str
    url: str


class Option(NamedTuple):
    """One choice of a filter."""

    value: str
    label: str
    cars: int
    chosen: bool
    url: str = ""
    """Where choosing it leads; only of steps and places, which are links."""


@dataclass(frozen=True)
class Facet:
    """A filter of which several choices can be ticked; ``rest`` are in a list to choose from."""

    name: str
    label: str
    options: list[Option]
    rest: list[Option]


@dataclass(frozen=True)
class RangeFacet:
    """A filter from and to, with the steps that are offered."""

    name: str
    steps: list[Option]


def chips_of(criteria: Criteria) -> list[Chip]:
    """What is asked for, in the order of the filters."""
    chips = []
    for make in criteria.makes:
        rest = criteria.with_cars([one for one in criteria.makes if one != make], criteria.models)
        chips.append(Chip(make.name, rest.url()))
    for model in criteria.models:
        others = [one for one in criteria.models if one != model]
        # The model's make stays: who wants another Golf still wants a Volkswagen.
        makes = [*criteria.makes, *([] if len(criteria.models) > 1 else [model.make])]
        chips.append(Chip(f"{model.make} {model}", criteria.with_cars(makes, others).url()))
    for name, values in criteria.chosen.items():
        for value in values:
            without = criteria.with_chosen(name, [one for one in values if one != value])
            chips.append(Chip(str(CHOICES[name].label(value)), without.url()))
    for name, between in criteria.ranges.items():
        chips.append(Chip(_range_words(name, between, criteria.currency), criteria.with_range(name, ANY).url()))
    for place in criteria.places:
        left = tuple(one for one in criteria.places if one != place)
        chips.append(Chip(place, replace(criteria, places=left).url()))
    if criteria.near:
        words = _("within %(km)s km of %(town)s") % {"km": criteria.within, "town": criteria.near.name}
        chips.append(Chip(words, replace(criteria, near=None, sort=_without_distance(criteria.sort)).url()))
    if criteria.words:
        chips.append(Chip(_("“%(words)s” in the text") % {"words": criteria.words}, replace(criteria, words="").url()))
    return chips


def _without_distance(sort: str) -> str:
    return "newest" if sort == "distance" else sort


def _range_words(name: str, between: Range, currency: str) -> str:
    low, high = (None if value is None else _amount(name, value, currency) for value in between)
    if low == high:
        return str(low)
    if low is None:
        return _("up to %(most)s") % {"most": high}
    return _("from %(least)s") % {"least": low} if high is None else f"{low} – {high}"


def _amount(name: str, value: object, currency: str = BASE_CURRENCY) -> str:
    if name == "year":
        return str(value)
    number = number_format(f"{value:.10g}", force_grouping=True)
    return f"{number}\u00a0{'km' if name == 'mileage' else SIGNS[currency]}"


def facets_of(criteria: Criteria, counts: Counts) -> list[Facet]:
    """The filters of which several can be chosen, with their counts."""
    names = names_now()
    chosen = {make.pk for make in criteria.all_makes}
    facets = [
        _facet("make", _("Make"), _make_options(names, counts, chosen), MAKES_SHOWN),
        _facet("model", _("Model"), _model_options(names, counts, criteria), MODELS_SHOWN),
    ]
    for name, kinds in CHOICES.items():
        of_name, ticked = counts.chosen[name], criteria.chosen.get(name, ())
        options = [
            Option(str(value), str(label), of_name.get(value, 0), value in ticked) for value, label in kinds.pairs
        ]
        facets.append(_facet(name, str(LABELS[name]), options, OPTIONS_SHOWN))
    return [facet for facet in facets if facet.options]


LABELS = {
    "fuel": gettext_lazy("Fuel"),
    "gearbox": gettext_lazy("Gearbox"),
    "body": gettext_lazy("Body type"),
    "colour": gettext_lazy("Colour"),
    "drive": gettext_lazy("Drive"),
    "country": gettext_lazy("Country"),
}


def _facet(name: str, label: str, options: Iterable[Option], most: int) -> Facet:
    offered = [one for one in options if one.cars or one.chosen]
    first = [one for number, one in enumerate(offered) if number < most or one.chosen]
    rest = sorted((one for one in offered if one not in first), key=lambda one: one.label)
    return Facet(name, label, first, rest)


def _make_options(names: Names, counts: Counts, chosen: set[int]) -> list[Option]:
    wanted = (names.make_ids[pk] for pk in {*counts.makes, *chosen} & names.make_ids.keys())
    makes = sorted(wanted, key=lambda make: (make.pk not in chosen, -counts.makes.get(make.pk, 0), make.name))
    rows = [(make, counts.makes.get(make.pk, 0), make.pk in chosen) for make in makes]
    return [Option(make.slug, make.name, count, ticked) for make, count, ticked in rows]


def _model_options(names: Names, counts: Counts, criteria: Criteria) -> list[Option]:
    ticked = {model.pk for model in criteria.models}
    several = len(criteria.all_makes) > 1
    wanted = (names.model_ids[pk] for pk in {*counts.models, *ticked} & names.model_ids.keys())
    models = sorted(wanted, key=lambda one: (one.pk not in ticked, -counts.models.get(one.pk, 0), one.name))
    return [
        Option(
            f"{one.make.slug}/{one.slug}",
            f"{one.make} {one}" if several else one.name,
            counts.models.get(one.pk, 0),
            one.pk in ticked,
        )
        for one in models
    ]


def ranges_of(criteria: Criteria, counts: Counts) -> dict[str, RangeFacet]:
    """The filters from and to, with links to the steps."""
    facets = {}
    for name in RANGES:
        low, high = criteria.ranges.get(name, ANY)
        steps = []
        # The steps are sums in euros; in another currency they would be odd, and no such step.
        offered = counts.steps[name].items() if name != "price" or criteria.currency == BASE_CURRENCY else ()
        for bound, count in offered:
            between = Range(bound, high) if name == "year" else Range(low, bound)
            words = Range(bound, None) if name == "year" else Range(None, bound)
            steps.append(
                Option(
                    str(bound), _range_words(name, words, BASE_CURRENCY), count, between == Range(low, high),
                    criteria.with_range(name, between).url(),
                )
            )  # fmt: skip
        facets[name] = RangeFacet(name, steps)
    return facets


def places_of(criteria: Criteria, counts: Counts) -> list[Option]:
    """Links to the places with most cars."""
    return [
        Option(place, place, count, place in criteria.places, replace(criteria, places=(place,)).url())
        for place, count in counts.places.items()
    ]
