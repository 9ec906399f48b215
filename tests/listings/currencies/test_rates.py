"""Prices in different currencies are compared in euros, by the newest rate."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from marketplace.listings.currencies.models import ExchangeRate, rates_now
from marketplace.listings.currencies.services import rate_remove, rate_set
from marketplace.listings.models import Listing
from marketplace.listings.search.services import listings_found

TODAY = timezone.localdate()


def in_euros(listing):
    listing.refresh_from_db()
    return listing.price_eur


def test_a_new_site_has_a_rate_of_every_currency(db):
    assert rates_now().keys() == set(Listing.Currency.values)


def test_the_sum_in_euros_follows_price_currency_and_rate(put_live):
    listing = put_live(price=8540, currency="PLN")
    assert in_euros(listing) == 2000
    Listing.objects.filter(pk=listing.pk).update(price=4270)
    assert in_euros(listing) == 1000
    listing.currency = "EUR"
    listing.save(update_fields=["currency"])
    assert in_euros(listing) == 4270
    Listing.objects.filter(pk=listing.pk).update(price=None)
    assert in_euros(listing) is None
    listing.price, listing.currency = Decimal(870), "GBP"
    Listing.objects.bulk_update([listing], ["price", "currency"])
    assert in_euros(listing) == 1000
    rate = rate_set(rate=ExchangeRate(currency="GBP", per_euro=Decimal("0.5"), since=TODAY))
    assert in_euros(listing) == 1740
    rate_remove(rate=rate)
    assert in_euros(listing) == 1000


def test_cars_are_ordered_and_filtered_by_what_they_cost_whatever_the_currency(put_live):
    dear, cheap, middle = put_live(price=9000), put_live(price=9000, currency="CZK"), put_live(price=3000)
    assert list(listings_found({"sort": "price"})) == [cheap, middle, dear]
    assert list(listings_found({"price_min": "100000", "currency": "CZK"})) == [dear]
    assert list(listings_found({"price_max": "400"})) == [cheap]


@pytest.mark.parametrize(("per_euro", "since"), [(0, TODAY), (-1, TODAY), (2, TODAY + timedelta(days=2))])
def test_a_rate_that_cannot_be_is_refused(db, per_euro, since):
    with pytest.raises(ValidationError):
        rate_set(rate=ExchangeRate(currency="USD", per_euro=Decimal(per_euro), since=since))


def test_staff_enter_a_rate_and_nobody_else_does(client, put_live, charlie, alice):
    listing = put_live(price=1000, currency="USD")
    said = {"currency": "USD", "per_euro": "2", "since": TODAY.isoformat()}
    client.force_login(charlie)
    assert client.post("/admin/listings/exchangerate/add/", said).status_code == 302  # to the sign-in
    assert in_euros(listing) != 500
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client.force_login(alice)
    assert client.post("/admin/listings/exchangerate/add/", said).status_code == 302
    assert in_euros(listing) == 500
    assert client.get("/admin/listings/exchangerate/").status_code == 200
