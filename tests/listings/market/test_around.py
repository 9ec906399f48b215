"""Similar cars, the seller's others, and what stays at the address of a car that is gone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.listings.life.services import listing_delete, listing_sell, listing_withdraw, listings_sweep
from marketplace.listings.market.selectors import around
from marketplace.listings.models import GoneListing, Listing, StatusChange
from marketplace.privacy.services import account_delete
from tests.factories import ListingFactory, UserFactory


@pytest.fixture
def car(put_live):
    return put_live(price=7500, body="hatchback")


@pytest.fixture
def of_another(cars):
    """Puts a car of somebody else on sale."""
    seller = UserFactory()
    return lambda model="Golf", **fields: ListingFactory(seller=seller, live=True, car_model=cars[model], **fields)


def sold(listing, days=0):
    listing_sell(listing=listing, by=listing.seller)
    StatusChange.objects.filter(listing=listing, after="sold").update(at=timezone.now() - timedelta(days=days))
    return listing


def test_similar_cars_are_of_the_model_first_and_then_of_body_and_price(car, of_another):
    golf = of_another(price=9000, year=2016)
    nearer = of_another(price=7600)
    alike = of_another("A3", price=7000, body="hatchback")
    of_another("A4", price=7500, body="sedan")
    of_another("A3", price=30_000, body="hatchback")
    assert around(car).similar == [nearer, golf, alike]


def test_the_sellers_own_cars_are_shown_apart(car, put_live, of_another):
    own = [put_live("Up!"), put_live("A4"), put_live()]
    other = of_another()
    found = around(car)
    assert found.others == own[::-1]
    assert found.similar == [other]


def test_what_is_not_on_sale_is_not_shown(client, car, of_another, put_live):
    listing_withdraw(listing=(gone := of_another()), by=gone.seller)
    page = client.get(car.get_absolute_url()).content.decode()
    assert "similar-head" not in page
    assert "others-head" not in page
    shown = [of_another(), put_live("Up!")]
    page = client.get(car.get_absolute_url()).content.decode()
    assert all(f'href="{one.get_absolute_url()}"' in page for one in shown)


def test_a_sold_cars_page_stays_thirty_days_with_similar_cars(client, car, of_another, alice):
    other = of_another()
    sold(car, days=29)
    page = client.get(car.get_absolute_url())
    assert page.status_code == 200
    assert "This car is sold." in page.content.decode()
    assert other.get_absolute_url() in page.content.decode()
    sold(put := ListingFactory(seller=alice, live=True, car_model=car.car_model), days=31)
    page = client.get(put.get_absolute_url())
    assert page.status_code == 410
    assert "This Volkswagen Golf is no longer for sale" in page.content.decode()
    assert other.get_absolute_url() in page.content.decode()
    assert "/cars/volkswagen/golf/" in page.content.decode()
    assert client.post(f"{put.get_absolute_url()}telephone/").status_code == 404
    assert client.get(f"/api/v1/listings/{put.code}/").status_code == 404
    client.force_login(alice)
    assert client.get(put.get_absolute_url()).status_code == 200


def test_what_was_deleted_is_gone_and_tells_nothing_of_its_seller(client, car, alice, charlie):
    Listing.objects.filter(pk=car.pk).update(description="Call my mother", place="Brno")
    listing_withdraw(listing=car, by=alice)
    listing_delete(listing=car, by=alice)
    for user in (None, charlie, alice):
        if user:
            client.force_login(user)
        page = client.get(car.get_absolute_url())
        assert page.status_code == 410
        assert not any(word in page.content.decode() for word in ("Call my mother", "Brno", "7500"))


def test_a_draft_that_was_deleted_never_was(client, draft, alice):
    listing_delete(listing=draft, by=alice)
    assert client.get(draft.get_absolute_url()).status_code == 404
    Listing.objects.filter(pk=draft.pk).update(deleted_at=timezone.now() - timedelta(days=15))
    listings_sweep()
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_an_address_is_gone_for_good_when_the_row_is(client, car, put_live, alice):
    listing_withdraw(listing=car, by=alice)
    listing_delete(listing=car, by=alice)
    Listing.objects.filter(pk=car.pk).update(deleted_at=timezone.now() - timedelta(days=15))
    assert listings_sweep()["removed"] == 1
    assert client.get(f"/cars/{car.code}/").status_code == 410
    other = put_live("A3")
    account_delete(user=alice)
    page = client.get(f"/cars/{other.code}/")
    assert page.status_code == 410
    assert "Audi A3" in page.content.decode()
    assert GoneListing.objects.count() == 2
