"""What was asked for a car is kept, and a price counts as lowered against the last 30 days."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from marketplace.listings.life.services import listing_publish
from marketplace.listings.models import Listing, PriceAsked
from marketplace.listings.services import listing_update
from tests.factories import ListingFactory


@pytest.fixture
def car(db):
    """On sale for 10,000 € since a hundred days."""
    listing = ListingFactory(submitted=True, price=Decimal(10_000))
    listing_publish(listing=listing, by=None)
    PriceAsked.objects.update(since=timezone.now() - timedelta(days=100))
    return listing


def ask(listing, price, days_ago=0, **values):
    listing_update(listing=listing, values={"price": Decimal(price), **values})
    last = PriceAsked.objects.filter(listing=listing).last()
    PriceAsked.objects.filter(pk=last.pk).update(since=timezone.now() - timedelta(days=days_ago))
    listing.refresh_from_db()


def test_the_first_price_is_kept_and_is_not_lowered(car):
    assert [(asked.price, asked.currency) for asked in PriceAsked.objects.all()] == [(10_000, "EUR")]
    assert car.lowered_from is None


def test_a_lower_price_is_told_with_the_one_before(car):
    ask(car, 9_000)
    assert car.lowered_from == 10_000
    ask(car, 8_500)
    assert car.lowered_from == 9_000
    assert [int(asked.price) for asked in PriceAsked.objects.all()] == [10_000, 9_000, 8_500]


def test_after_thirty_days_it_is_no_news(car):
    ask(car, 9_000)
    Listing.objects.update(price_lowered_at=timezone.now() - timedelta(days=30, minutes=1))
    car.refresh_from_db()
    assert car.lowered_from is None


def test_a_price_raised_to_be_lowered_again_is_not_lowered(car):
    ask(car, 12_000, days_ago=3)
    assert car.lowered_from is None
    ask(car, 10_500)
    assert car.lowered_from is None
    ask(car, 9_900)
    assert car.lowered_from == 10_000


def test_a_price_that_held_longer_than_thirty_days_is_what_counts(car):
    ask(car, 12_000, days_ago=40)
    ask(car, 11_000)
    assert car.lowered_from == 12_000


def test_another_currency_cannot_be_compared(car):
    ask(car, 9_000, currency="GBP")
    assert car.lowered_from is None


def test_what_is_no_change_of_the_price_leaves_no_trace(car):
    ask(car, 10_000, description="Garaged.", days_ago=100)
    assert PriceAsked.objects.count() == 1


def test_a_draft_has_no_prices_yet(db):
    listing = ListingFactory(finished=True)
    listing_update(listing=listing, values={"price": Decimal(5)})
    assert not PriceAsked.objects.exists()


def test_buyers_see_a_lowered_price_and_a_reservation(client, car):
    ask(car, 9_000)
    Listing.objects.update(status="reserved")
    for address in ("/", car.get_absolute_url()):
        page = client.get(address).content.decode()
        assert "Price lowered" in page
        assert "was 10\u202f000\u00a0€" in page
        assert "Reserved" in page
