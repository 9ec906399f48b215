"""The stock in memory says what the database says; so many random cars and searches."""

import random
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from marketplace.catalogue.models import CarModel
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import ANY, CHOICES, SORTS, Criteria, Range
from marketplace.listings.search.matching import listings_matching
from marketplace.listings.search.services import Place, search
from tests.factories import ListingFactory

FIRST = Place()
WORDS = ("one owner", "winter tyres", "tow bar, winter tyres", "")
PLACES = ("Brno", "Østerbro", "Brno-Bystrc")


@pytest.fixture
def put_random(alice, cars):
    """Puts so many cars on sale, of each kind and with each column missing at times."""
    cars["Golf"].make.aliases.create(text="VW")

    def put(count, seed=1):
        chance = random.Random(seed)

        def maybe(values):
            return chance.choice([*values, None]) if chance.random() < 0.9 else None

        for _ in range(count):
            own = {"car_model": None, "other_make": chance.choice(["vw", "Tatra"]), "other_model": "Golf Country"}
            named = own if chance.random() < 0.2 else {"car_model": cars[chance.choice(sorted(cars))]}
            ListingFactory(
                seller=alice, live=chance.random() < 0.8, **named,
                year=maybe(range(1999, 2024)), price=maybe(range(500, 60_000, 500)),
                currency=chance.choice(["EUR", "PLN", "GBP"]), mileage_km=maybe(range(0, 250_000, 5_000)),
                fuel=maybe(Listing.Fuel.values) or "", gearbox=maybe(Listing.Gearbox.values) or "",
                body=maybe(Listing.Body.values) or "", place=maybe(PLACES) or "", description=chance.choice(WORDS),
            )  # fmt: skip

    return put


def some_criteria(chance, cars):
    golf, up, a3, a4 = (cars[name] for name in ("Golf", "Up!", "A3", "A4"))
    criteria = Criteria(sort=chance.choice(sorted(SORTS)), currency=chance.choice(["EUR", "PLN"]))
    makes, models = chance.choice([((), ()), ((golf.make,), ()), ((a3.make,), (golf, up)), ((), (a3, a4))])
    criteria = criteria.with_cars(makes, models)
    for name, kinds in CHOICES.items():
        criteria = criteria.with_chosen(name, chance.sample(kinds.values, chance.choice([0, 0, 3])))
    year, price = Range(2003, chance.choice([None, 2015])), Range(None, Decimal(20_000))
    criteria = criteria.with_range("year", chance.choice([ANY, year])).with_range("price", chance.choice([ANY, price]))
    places = chance.choice([(), (), ("bro",), ("Brno", "øster")])
    return replace(criteria, places=places, words=chance.choice(["", "", "winter", "owner one", "tyr"]))


def test_it_finds_the_same_cars_in_the_same_order_and_counts_them(put_random, cars):
    put_random(80)
    chance = random.Random(2)
    for _ in range(25):
        criteria = some_criteria(chance, cars)
        wanted = list(listings_matching(criteria))
        found = search(criteria, place=FIRST, size=7)
        assert (found.listings, found.counts.total) == (wanted[:7], len(wanted)), criteria.url()
        pages = [found]
        while pages[-1].next:
            pages.append(search(criteria, place=Place(after=pages[-1].next), size=7))
        assert [car for page in pages for car in page.listings] == wanted
        for page, later in pairwise(pages):
            assert search(criteria, place=Place(before=later.previous), size=7).listings == page.listings


def test_every_count_is_what_choosing_it_would_find(put_random, cars):
    put_random(80)
    chance = random.Random(3)
    for _ in range(6):
        criteria = some_criteria(chance, cars)
        counts = search(criteria, place=FIRST, size=1).counts

        def total(other):
            return listings_matching(other).count()

        for name, values in counts.chosen.items():
            assert values == {
                value: found for value in CHOICES[name].values if (found := total(criteria.with_chosen(name, [value])))
            }
        for make, cars_of_it in counts.makes.items():
            one = next(car.make for car in cars.values() if car.make_id == make)
            assert cars_of_it == total(criteria.with_cars([one], []))
        for pk, cars_of_it in counts.models.items():
            assert cars_of_it == total(criteria.with_cars([], [CarModel.objects.get(pk=pk)]))
        euros = replace(criteria, currency="EUR")
        for bound, cars_of_it in counts.steps["price"].items():
            assert cars_of_it == total(euros.with_range("price", Range(None, Decimal(bound))))
        for bound, cars_of_it in counts.steps["year"].items():
            assert cars_of_it == total(criteria.with_range("year", Range(bound, None)))


def test_it_follows_every_way_of_changing_a_listing(put_live, cars):
    def found(**fields):
        page = search(Criteria(**fields), place=FIRST, size=9)
        assert page.counts.total == len(page.listings)
        return page.listings

    golf, a4 = put_live("Golf", place="Brno"), put_live("A4", place="Brno")
    assert found() == [a4, golf]
    golf.place = "Wien"
    golf.save(update_fields=["place"])
    assert found(places=("Wien",)) == [golf]
    Listing.objects.filter(pk=golf.pk).update(status="reserved", make=cars["A4"].make, car_model=cars["A3"])
    assert found(makes=(cars["A4"].make,)) == [a4, golf]
    Listing.objects.filter(pk=golf.pk).update(status="sold")
    assert found() == [a4]
    Listing.objects.filter(pk=golf.pk).update(status="live", description="Fresh tyres")
    assert found(words="fresh") == [golf]
    up = put_live("Up!")
    assert found() == [up, a4, golf]
    Listing.objects.filter(pk=a4.pk).delete()  # nothing is left that could tell
    search(Criteria(), place=FIRST, size=9)
    assert found() == [up, golf]
