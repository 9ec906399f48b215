"""GET /api/v1/listings/"""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from tests.factories import ListingFactory

OCTAVIA = {"body": "wagon", "colour": "red", "fuel": "diesel"}


@pytest.fixture
def cars(alice, catalogue):
    def car(make, model, status="live", **fields):
        found = catalogue_resolve(make=make, model=model)
        return ListingFactory(seller=alice, car_model=found.car_model, **{status: True}, **fields)

    return [
        car("Volkswagen", "Golf", year=2012, price=9000, fuel="petrol", place="Brno"),
        car("Skoda", "Octavia", year=2018, price=15000, mileage_km=90_000, place="Wien", **OCTAVIA),
        car("Skoda", "Fabia", status="draft"),
        car("Skoda", "Fabia", status="submitted"),
    ]


def models(client, **query):
    return [car["model"] for car in client.get("/api/v1/listings/", query).json()["results"]]


def test_a_reserved_car_is_listed_as_such_and_a_lowered_price_with_the_one_before(client, alice):
    listing = ListingFactory(
        seller=alice, reserved=True, price=9000, price_before=10_000, price_lowered_at=timezone.now()
    )
    (car,) = client.get("/api/v1/listings/").json()["results"]
    assert (car["status"], car["lowered_from"]) == ("reserved", "10000.00")
    Listing.objects.update(status="sold", price_lowered_at=timezone.now() - timedelta(days=31))
    assert client.get("/api/v1/listings/").json()["results"] == []
    car = client.get(f"/api/v1/listings/{listing.code}/").json()
    assert (car["status"], car["lowered_from"]) == ("sold", None)


@pytest.mark.parametrize("status", ["changes", "withdrawn", "expired", "deleted"])
def test_what_is_not_on_sale_is_not_there(client, alice, status):
    listing = ListingFactory(seller=alice, **{status: True})
    assert client.get("/api/v1/listings/").json()["results"] == []
    assert client.get(f"/api/v1/listings/{listing.code}/").status_code == 404
    assert client.get(listing.get_absolute_url()).status_code == 404
    assert listing.title not in client.get("/").content.decode()


def test_it_lists_live_cars_only_and_the_newest_first(client, cars):
    assert models(client) == ["Octavia", "Golf"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"make": "vw"}, ["Golf"]),
        ({"make": "skoda", "model": "octavia"}, ["Octavia"]),
        ({"make": "skoda", "model": "golf"}, []),
        ({"year_min": 2015}, ["Octavia"]),
        ({"price_max": 10000}, ["Golf"]),
        ({"fuel": "diesel", "mileage_max": 100000}, ["Octavia"]),
        ({"place": "brno"}, ["Golf"]),
        ({"body": "wagon"}, ["Octavia"]),
        ({"colour": "red"}, ["Octavia"]),
    ],
)
def test_it_narrows_them_down(client, cars, query, found):
    assert models(client, **query) == found


@pytest.mark.parametrize("query", [{"fuel": "hay"}, {"body": "boat"}, {"colour": "plaid"}])
def test_it_refuses_a_filter_that_makes_no_sense(client, cars, query):
    assert client.get("/api/v1/listings/", query).status_code == 400


def test_it_says_the_colour(client, cars):
    said = [client.get(f"/api/v1/listings/{car.code}/").json()["colour"] for car in cars[:2]]
    assert said == ["", "red"]


def test_it_says_the_body_type(client, cars):
    said = [client.get(f"/api/v1/listings/{car.code}/").json()["body"] for car in cars[:2]]
    assert said == ["", "wagon"]


def test_it_shows_one_car_without_what_is_not_for_visitors(client, cars):
    said = client.get(f"/api/v1/listings/{cars[0].code}/").json()
    assert (said["make"], said["model"], said["price"], said["currency"]) == ("Volkswagen", "Golf", "9000.00", "EUR")
    assert said["url"].startswith("http://testserver/cars/")
    assert not {"seller", "verdict", "touched", "certainty", "contradiction"} & set(said)


def test_it_hides_drafts_from_everybody_but_their_seller(client, alice, charlie, cars):
    url = f"/api/v1/listings/{cars[2].code}/"
    assert client.get(url).status_code == 404
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.force_login(alice)
    assert client.get(url).status_code == 200


def test_it_keeps_the_sellers_own_words_apart_from_the_catalogue(client, alice):
    listing = ListingFactory(seller=alice, live=True, written=True, other_make="Roewe", other_model="i5")
    said = client.get(f"/api/v1/listings/{listing.code}/").json()
    assert (said["make"], said["model"]) == (None, None)
    assert (said["other_make"], said["other_model"]) == ("Roewe", "i5")
