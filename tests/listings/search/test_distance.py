"""Cars near a town, as the page and saved searches find them."""

import pytest

from marketplace.listings.models import Listing
from marketplace.listings.places.towns import town_named, towns
from marketplace.listings.search.services import listings_found
from tests.factories import ListingFactory

pytestmark = pytest.mark.django_db
PLACES = ["Brno", "Šlapanice", "Znojmo", "Prag"]


@pytest.fixture
def cars():
    """In Brno; 10 km, 51 km and 184 km from it, as the crow flies; and where nobody knows."""
    places = {"Brno": "CZ", "Šlapanice": "", "Znojmo": "CZ", "Prag": "CZ", "Behind the mill": "CZ"}
    return [ListingFactory(live=True, place=place, country=country) for place, country in places.items()]


def shown(client, query):
    return [listing.place for listing in client.get(f"/?{query}").context["found"].listings]


@pytest.mark.parametrize(
    ("within", "places"),
    [("10", PLACES[:2]), ("100", PLACES[:3]), ("200", PLACES)],
)
def test_the_nearest_come_first_and_no_farther_ones_at_all(client, cars, within, places):
    query = f"near=Brno,+CZ&within={within}&sort=distance"
    assert shown(client, query) == places
    found = listings_found({"near": "Brno, CZ", "within": within})
    assert {listing.place for listing in found} == set(places)


def test_the_address_says_which_town_and_a_chip_takes_it_away(client, cars):
    answer = client.get("/?near=brno", follow=True)
    assert answer.redirect_chain[-1][0] == "/?near=Brno%2C+CZ&within=50"
    page = answer.content.decode()
    assert "within 50 km of Brno" in page
    assert "Nearest" in page
    assert "Nearest" not in client.get("/").content.decode()


def test_a_town_that_nobody_knows_is_said_and_left_out(client, cars):
    page = client.get("/?near=Nowherville")
    assert "We know no town of this name" in page.content.decode()
    assert len(page.context["found"].listings) == 5


def test_a_name_means_the_largest_unless_somebody_says_a_country():
    assert town_named("Paris").country == "FR"
    assert town_named("Paris, US").country == "US"
    assert town_named("München") == town_named("Munich") == town_named("munich, de")
    assert town_named("") is None
    assert town_named("Paris, XX") is None


def test_a_town_lies_where_it_lies():
    brno, prague = town_named("Brno"), town_named("Praha")
    kilometres = towns().kilometres(brno)[towns().rows.index(prague)]
    assert 180 < kilometres < 190


def test_a_page_after_the_first_goes_on_by_distance(client, cars, monkeypatch):
    monkeypatch.setattr("marketplace.listings.search.views.PER_PAGE", 2)
    first = client.get("/?near=Brno,+CZ&within=200&sort=distance")
    assert shown(client, first.context["next"].partition("?")[2]) == ["Znojmo", "Prag"]
    assert Listing.objects.count() == 5
