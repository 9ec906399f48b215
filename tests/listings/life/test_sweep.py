"""What time does to a listing: it expires, and what was deleted goes for good."""

from datetime import timedelta

from django.utils import timezone

from marketplace.listings.life.services import listing_restore, listings_sweep
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.selectors import listings_live
from tests.factories import ListingFactory, PhotoFactory


def ago(**time):
    return timezone.now() - timedelta(**time)


def test_what_is_on_sale_expires_once_its_time_is_over(db):
    over = [ListingFactory(**{state: True}, expires_at=ago(minutes=1)) for state in ("live", "reserved")]
    ListingFactory(live=True)
    ListingFactory(sold=True, expires_at=ago(days=1))
    assert listings_sweep()["expired"] == 2
    assert set(Listing.objects.filter(status="expired")) == set(over)
    assert {change.actor for change in StatusChange.objects.filter(step="expire")} == {None}
    assert listings_live().count() == 1


def test_a_second_sweep_finds_nothing(db):
    ListingFactory(live=True, expires_at=ago(minutes=1))
    listings_sweep()
    assert set(listings_sweep().values()) == {0}
    assert StatusChange.objects.count() == 1


def test_what_was_deleted_is_removed_after_two_weeks_with_its_photos(db):
    old = ListingFactory(deleted=True, deleted_at=ago(days=14, minutes=1))
    PhotoFactory(listing=old)
    young = ListingFactory(deleted=True, deleted_at=ago(days=13))
    PhotoFactory(listing=young)
    assert listings_sweep()["removed"] == 1
    listing_restore(listing=young, by=young.seller)
    assert listings_sweep()["removed"] == 0
    kept = Listing.objects.get()
    assert (kept, kept.photos.count()) == (young, 1)
