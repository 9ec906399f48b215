"""Criteria as a query: the listings on sale that meet them, in their order."""

from decimal import Decimal
from functools import reduce
from operator import or_

from django.db.models import F, OrderBy, Q, QuerySet

from marketplace.catalogue.models import CarModel, Make, MakeAlias
from marketplace.listings.currencies.models import rates_now
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing, search_key
from marketplace.listings.places.towns import towns
from marketplace.listings.search.criteria import BASE_CURRENCY, RANGES, Criteria, Range
from marketplace.listings.search.text import words_asked

ORDERS: dict[str, tuple[OrderBy | str, ...]] = {
    "newest": ("-published_at", "-pk"),
    "price": (F("price_eur").asc(nulls_last=True), "-pk"),
    "price-down": (F("price_eur").desc(nulls_last=True), "-pk"),
    "mileage": (F("mileage_km").asc(nulls_last=True), "-pk"),
    "year": (F("year").desc(nulls_last=True), "-pk"),
    "distance": ("-published_at", "-pk"),  # of saved searches, whose new cars are what counts
}


def listings_matching(criteria: Criteria) -> QuerySet[Listing]:
    """The listings on sale that meet the criteria, with make, model and photos, in their order."""
    return with_all_shown(Listing.objects.filter(condition(criteria))).order_by(*ORDERS[criteria.sort])


def with_all_shown(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    """Those of them on sale, with what a list of cars shows."""
    on_sale = listings.filter(status__in=ON_SALE)
    return on_sale.select_related("make", "car_model").prefetch_related("photos")


def condition(criteria: Criteria) -> Q:
    """What a listing must meet, besides being on sale."""
    met = Q()
    if criteria.makes or criteria.models:
        met &= reduce(or_, [*map(of_make, criteria.makes), *map(of_model, criteria.models)])
    for name, values in criteria.chosen.items():
        met &= Q((f"{name}__in", values))
    for name, between in in_euros(criteria).items():
        met &= Q((f"{RANGES[name]}__gte", between.low)) if between.low is not None else Q()
        met &= Q((f"{RANGES[name]}__lte", between.high)) if between.high is not None else Q()
    if criteria.places:
        met &= reduce(or_, (Q(place_key__contains=search_key(place)) for place in criteria.places))
    if criteria.near:
        keys = towns().keys_within(criteria.near, criteria.within)
        met &= reduce(or_, (Q(country=country, place_key__in=names) for country, names in keys.items()), Q(pk=None))
    if criteria.words:
        met &= Q(text__words__mention=words_asked(criteria.words))
    return met


def in_euros(criteria: Criteria) -> dict[str, Range]:
    """The criteria's ranges with the price in euros."""
    ranges = dict(criteria.ranges)
    if "price" in ranges and criteria.currency != BASE_CURRENCY:
        rate = rates_now()[criteria.currency]
        low, high = (None if value is None else round(Decimal(value) / rate, 2) for value in ranges["price"])
        ranges["price"] = Range(low, high)
    return ranges


def of_make(make: Make) -> Q:
    """Listings of the make, including those whose seller wrote it as text."""
    return Q(make=make) | _wrote_make(make)


def of_model(model: CarModel) -> Q:
    """Listings of the model, including those whose seller wrote it ("Golf Country")."""
    of_its_make = Q(make=model.make_id) | _wrote_make(model.make)
    return Q(car_model=model) | (of_its_make & Q(other_model_key__contains=model.key))


def _wrote_make(make: Make) -> Q:
    aliases = MakeAlias.objects.filter(make=make)
    return Q(other_make_key=make.key) | Q(other_make_key__in=aliases.values("key"))
