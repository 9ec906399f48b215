"""What a visitor finds."""

import re
from html import unescape

import pytest

from marketplace.listings.models import Listing
from marketplace.listings.search.services import listings_found
from tests.factories import PhotoFactory

pytestmark = pytest.mark.django_db


def test_it_shows_live_listings_to_everybody(client, put_live, draft):
    listing = put_live()
    page = client.get("/").content.decode()
    assert listing.get_absolute_url() in page
    assert draft.get_absolute_url() not in page


def test_it_says_so_when_there_is_nothing(client):
    assert b"still empty" in client.get("/").content
    assert b"No car fits" in client.get("/?q=zeppelin").content


def test_the_number_of_queries_does_not_grow_with_the_listings(client, put_live, put_photo, django_assert_num_queries):
    for _ in range(12):
        put_photo(put_live())
    client.get("/")
    # Whether catalogue (twice) and stock changed, the rate, listings with make and model, photos.
    with django_assert_num_queries(6):
        client.get("/")


def test_the_first_photo_with_a_car_stands_for_the_advertisement(client, put_live):
    listing = put_live()
    none = PhotoFactory(listing=listing, other=True, position=0)
    car = PhotoFactory(listing=listing, done=True, position=1)
    page = client.get("/").content.decode()
    assert car.card.url in page
    assert none.card.url not in page


@pytest.mark.parametrize("text", ["golf", "VW - VOLKSWAGEN GOLF", "volkswagen", "vw golf", "volksw"])
def test_it_finds_a_model_however_it_is_called(put_live, cars, text):
    cars["Golf"].make.aliases.create(text="VW - Volkswagen")
    cars["Golf"].make.aliases.create(text="VW")
    golf = put_live("Golf")
    put_live("A4")
    assert list(listings_found({"q": text})) == [golf]


def test_it_filters_and_sorts(client, put_live):
    cheap = put_live("Golf", price=2000, year=2001, fuel="diesel")
    dear = put_live("A4", price=20_000, year=2020)
    assert list(listings_found({"price_max": str(5000)})) == [cheap]
    assert list(listings_found({"year_min": str(2010)})) == [dear]
    assert list(listings_found({"fuel": "diesel"})) == [cheap]
    assert list(listings_found({"sort": "price"})) == [cheap, dear]
    page = client.get(
        "/cars/audi/?price_min=10 000&year_max=2021&gearbox=manual&sort=year", follow=True
    ).content.decode()
    assert dear.get_absolute_url() in page
    assert cheap.get_absolute_url() not in page


@pytest.mark.parametrize(
    "query",
    [
        "page=99",
        "page=x",
        "after=1",
        "after=" + "9" * 40 + ".1",
        "before=x",
        "year_min=99999999999999999999",
        "price_min=%00",
        "q=%00",
        "make=%00",
        "q=" + "x" * 300,
    ],
)
def test_a_strange_address_is_no_error(client, put_live, query):
    put_live()
    assert client.get(f"/?{query}", follow=True).status_code == 200


def test_it_turns_pages_there_and_back(client, put_live):
    cars = [put_live(price=price) for price in range(1000, 1050)]
    addresses = [car.get_absolute_url() for car in cars]

    def shown(answer):
        page = answer.content.decode()
        return [one for one in addresses if f'"{one}"' in page], dict(
            re.findall(r'rel="(next|prev)" href="([^"]+)"', page)
        )

    seen, links = shown(client.get("/?sort=price"))
    pages = [seen]
    while "next" in links:
        seen, links = shown(client.get(unescape(links["next"])))
        pages.append(seen)
    assert pages == [addresses[:24], addresses[24:48], addresses[48:]]
    seen, links = shown(client.get(unescape(links["prev"])))
    assert seen == addresses[24:48]
    assert shown(client.get(unescape(links["prev"])))[0] == addresses[:24]


def test_the_seller_is_shown_by_name_and_never_by_address(client, put_live, alice):
    page = client.get(put_live().get_absolute_url()).content.decode()
    assert "Alice" in page
    assert alice.email not in page
    alice.display_name = ""
    alice.save()
    page = client.get(Listing.objects.get().get_absolute_url()).content.decode()
    assert "Private seller" in page
    assert alice.email not in page


def test_a_sold_car_says_so(client, put_live, alice, charlie):
    listing = put_live("Golf")
    Listing.objects.update(status="sold")
    for person in (None, charlie):
        if person:
            client.force_login(person)
        answer = client.get(listing.get_absolute_url())
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "This car is sold." in page
        assert 'href="/cars/volkswagen/"' in page
    client.force_login(alice)
    answer = client.get(listing.get_absolute_url())
    assert (answer.status_code, b"You sold this car." in answer.content) == (200, True)


def test_a_draft_is_for_its_seller_and_moderators_only(client, draft, alice, bob, charlie):
    address = draft.get_absolute_url()
    assert client.get(address).status_code == 404
    for user, status in ((charlie, 404), (bob, 200), (alice, 200)):
        client.force_login(user)
        assert client.get(address).status_code == status
