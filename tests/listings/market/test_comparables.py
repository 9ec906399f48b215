"""Which cars a price is compared with, and what the pages say of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from marketplace.listings.currencies.models import ExchangeRate
from marketplace.listings.life.services import listing_sell
from marketplace.listings.market.comparables import price_placed, typical_hint
from marketplace.listings.market.pricing import Place
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.search.stock.loading import stock_now
from tests.factories import ListingFactory


def placed(car):
    with stock_now() as stock:
        return price_placed(car, stock)


@pytest.fixture
def market(put_live):
    """Nine Golfs of 2012 with 100,000 km, from 6,800 to 8,400 euros."""
    return [put_live(price=6800 + 200 * number) for number in range(9)]


@pytest.fixture
def car(put_live):
    return put_live(price=5200)


def test_it_is_placed_among_cars_of_its_model(market, car, put_live):
    put_live("A4", price=90_000)
    put_live(price=90_000, year=2005)
    put_live(price=90_000, mileage_km=250_000)
    found = placed(car)
    assert found.place == Place.VERY_GOOD
    assert found.typical.cars == 9
    assert found.typical.low < 7600 < found.typical.high


def test_the_car_itself_does_not_count(market):
    dear = market[0]
    Listing.objects.filter(pk=dear.pk).update(price=70_000)
    dear.refresh_from_db()
    found = placed(dear)
    assert (found.place, found.typical.cars) == (Place.HIGH, 8)
    assert found.typical.high < 9500


def test_prices_in_other_currencies_are_converted(market, put_live, alice, cars):
    ExchangeRate.objects.update_or_create(currency="CZK", since=timezone.localdate(), defaults={"per_euro": 25})
    czech = put_live(price=300_000, currency="CZK")  # 12,000 euros
    found = placed(czech)
    assert found.place == Place.HIGH
    assert Decimal(170_000) < found.typical.low < found.typical.high < Decimal(220_000)
    draft = ListingFactory(seller=alice, finished=True, car_model=cars["Golf"], currency="CZK", price=None)
    assert Decimal(170_000) < typical_hint(draft).low < Decimal(195_000)


def test_a_sold_car_counts_for_three_months(market, car):
    for one in market[:2]:
        listing_sell(listing=one, by=one.seller)
    assert placed(car).typical.cars == 9
    StatusChange.objects.filter(listing=market[0], after="sold").update(at=timezone.now() - timedelta(days=91))
    assert placed(car).typical.cars == 8
    market[1].price = 7000
    StatusChange.objects.filter(after="sold").update(at=timezone.now() - timedelta(days=91))
    assert placed(car) is None


@pytest.mark.parametrize("unknown", ["mileage_km", "price", "year", "car_model"])
def test_of_a_car_that_tells_too_little_nothing_is_said(market, car, unknown):
    Listing.objects.filter(pk=car.pk).update(**{unknown: None})
    car.refresh_from_db()
    assert placed(car) is None


def test_the_listing_page_says_and_explains_it(client, market, car):
    page = client.get(car.get_absolute_url()).content.decode()
    assert "Very good price" in page
    assert "from 9 cars" in page
    assert "the middle half of them" in page


def test_with_few_cars_the_page_says_nothing(client, car):
    assert "placed" not in client.get(car.get_absolute_url()).content.decode()


def test_what_is_far_too_cheap_comes_with_a_warning(client, market, car):
    Listing.objects.filter(pk=car.pk).update(price=1900)
    assert "far below what is typical" in client.get(car.get_absolute_url()).content.decode()


def test_the_sellers_form_tells_it_once_model_and_year_are_known(client, alice, market, cars):
    draft = ListingFactory(seller=alice, car_model=cars["Golf"])
    client.force_login(alice)
    address = f"/sell/{draft.code}/"
    assert "Typical:" not in client.get(address).content.decode()
    saved = client.post(f"{address}save/", {"year": "2012"}, headers={"HX-Request": "true"}).content.decode()
    assert "from 9 comparable cars" in saved
    assert 'id="typical" hx-swap-oob="true"' in saved
    assert "from 9 comparable cars" in client.get(address).content.decode()  # without a script


def test_it_costs_three_queries(client, market, car, django_assert_max_num_queries):
    placed(car)  # the stock is there
    with django_assert_max_num_queries(3):
        placed(car)
