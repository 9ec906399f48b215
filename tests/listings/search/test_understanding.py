"""What people type, what it is understood as, and what it finds; on every database the same."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
from django.http import QueryDict

from marketplace.listings.search.criteria import Criteria
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.services import listings_found
from marketplace.listings.search.understanding import criteria_understood, words_unknown
from tests.factories import ListingFactory

# What is typed, the address it leads to, and the cars that it finds, by their place.
ASKED = [
    ("bmw diesel", "/cars/bmw/?fuel=diesel", "Kyiv"),
    ("bmw 3", "/cars/bmw/3-series/", "Kyiv Lyon"),
    ("BMW 320d", "/cars/bmw/3-series/", "Kyiv Lyon"),
    ("passat 2010", "/cars/volkswagen/passat/?year_min=2010&year_max=2010", "Porto"),
    ("passat 2008-2010", "/cars/volkswagen/passat/?year_min=2008&year_max=2010", "Porto"),
    ("passat ab 2011", "/cars/volkswagen/passat/?year_min=2011", ""),
    ("lanos automatic", "/?make=daewoo&make=zaz&model=daewoo/lanos&model=zaz/lanos&gearbox=automatic", "Gent"),
    ("vw up berlin", "/cars/volkswagen/up/?place=Berlin", "Berlin"),
    ("fabia skoda", "/cars/škoda/fabia/", "Brno"),
    ("ŠKODA Fabia", "/cars/škoda/fabia/", "Brno"),
    ("golf under 5000", "/cars/volkswagen/golf/?price_max=5000", "Wien"),
    ("golf unter 5.000 €", "/cars/volkswagen/golf/?price_max=5000", "Wien"),
    ("golf bis 150.000 km", "/cars/volkswagen/golf/?mileage_max=150000", "Wien Rom"),
    ("golf over 5k", "/cars/volkswagen/golf/?price_min=5000", "Rom"),
    ("golf under 25 000 pln", "/cars/volkswagen/golf/?price_max=25000&currency=PLN", "Wien"),
    ("winter tyres", "/?q=winter+tyres", "Wien"),
    ("golf winter tyres", "/cars/volkswagen/golf/?q=winter+tyres", "Wien"),
    ("volkswagn", "/cars/volkswagen/", "Porto Berlin Wien Rom"),
    ("pasat", "/cars/volkswagen/passat/", "Porto"),
    ('"volkswagn"', "/?q=%22volkswagn%22", ""),
    ("Богдан", "/?q=богдан", "Lviv"),
    ("богдан", "/?q=богдан", "Lviv"),
    ("elan", "/?q=elan", "Gdynia"),
    ("Élan", "/?q=elan", "Gdynia"),
    ("range rover", "/cars/land-rover/range-rover/", ""),
    ("peugeot 2008 2015", "/cars/peugeot/2008/?year_min=2015&year_max=2015", ""),
    ("cars for sale in Brno", "/?place=Brno", "Brno"),
    ("bmw audi a4", "/?make=audi&make=bmw&model=audi/a4", "Kyiv Lyon"),
    ("estate manual petrol", "/?fuel=petrol&gearbox=manual&body=wagon", "Porto"),
]  # fmt: skip


@pytest.fixture
def market(put_car, alice):
    put_car("BMW", "3 Series", place="Kyiv", fuel="diesel")
    put_car("BMW", "3 Series", place="Lyon", gearbox="automatic")
    put_car("VW", "Passat", place="Porto", year=2010, body="wagon")
    put_car("Daewoo", "Lanos", place="Gent", gearbox="automatic")
    put_car("ZAZ", "Lanos", place="Riga")
    put_car("VW", "up!", place="Berlin")
    put_car("Skoda", "Fabia", place="Brno")
    put_car("VW", "Golf", place="Wien", price=4900, mileage_km=140_000, description="Comes with winter tyres.")
    put_car("VW", "Golf", place="Rom", price=7000, mileage_km=90_000)
    for make, model, place in (("Богдан", "2110", "Lviv"), ("Élan", "Östra 5", "Gdynia")):
        ListingFactory(seller=alice, live=True, written=True, other_make=make, other_model=model, place=place)


def read(text):
    said = criteria_understood(Criteria(words=text))
    address = said.criteria.url()
    return said, address if "%22" in address else unquote(address)


def test_the_queries_that_people_type_find_what_is_meant(market):
    wrong = []
    for text, address, places in ASKED:
        _said, got = read(text)
        found = {one.place for one in listings_found({"q": text})}
        if (got, found) != (address, set(places.split())):
            wrong.append((text, got, found))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "corrections"),
    [("volkswagn golf", [("volkswagn", "Volkswagen")]), ("bmw disel", [("disel", "Diesel")]), ("winter", [])],
)
def test_it_says_which_word_it_took_for_which(market, text, corrections):
    assert list(read(text)[0].corrections) == corrections


def test_it_says_which_words_nobody_has(market):
    assert words_unknown(read("golf winter zeppelin")[0].criteria) == ["zeppelin"]


def test_what_is_typed_beside_filters_narrows_them_or_takes_their_place(market):
    chosen = criteria_understood(Criteria(words="bmw diesel under 9000")).criteria

    def then(text):
        return criteria_understood(replace(chosen, words=text)).criteria.url()

    assert then("3") == "/cars/bmw/3-series/?fuel=diesel&price_max=9000"
    assert then("audi") == "/cars/audi/?fuel=diesel&price_max=9000"
    assert then("petrol tyres") == "/cars/bmw/?fuel=petrol&price_max=9000&q=tyres"


def test_the_address_of_a_search_leads_back_to_it(market):
    for text, _, _ in ASKED:
        criteria = criteria_understood(Criteria(words=text)).criteria
        pairs = criteria.parameters()
        data = QueryDict(mutable=True)
        for name, value in pairs:
            data.appendlist(name, value)
        assert SearchForm(data).criteria() == criteria, text
