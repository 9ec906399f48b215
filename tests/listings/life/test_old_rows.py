"""Listings from before: their history begins with what is known, and nothing live ends at once."""

from datetime import timedelta
from importlib import import_module

from django.apps import apps
from django.db import connection
from django.utils import timezone

from marketplace.listings.life.services import listing_unsell, listings_sweep
from marketplace.listings.models import Listing, PriceAsked
from tests.factories import ListingFactory

begin = import_module("marketplace.listings.migrations.0007_life_of_old_rows").begin


class Editor:
    connection = connection


def test_old_rows_get_a_term_and_the_steps_that_they_tell_of(db):
    now = timezone.now()
    made = {
        status: ListingFactory(**{status: True})
        for status in ("draft", "submitted", "rejected", "live", "sold", "withdrawn")
    }
    Listing.objects.update(created_at=now - timedelta(days=100), expires_at=None)
    Listing.objects.exclude(submitted_at=None).update(submitted_at=now - timedelta(days=99))
    Listing.objects.exclude(published_at=None).update(published_at=now - timedelta(days=98))
    begin(apps, Editor)
    steps = {status: [change.step for change in row.changes.all()] for status, row in made.items()}
    assert steps == {
        "draft": ["create"],
        "submitted": ["create", "submit"],
        "rejected": ["create", "submit", "reject"],
        "live": ["create", "submit", "publish"],
        "sold": ["create", "submit", "publish", "sell"],
        "withdrawn": ["create", "submit", "publish", "withdraw"],
    }
    for status, row in made.items():
        row.refresh_from_db()
        assert row.changes.last().after == status
        row.full_clean()
    assert made["rejected"].changes.last().words == made["rejected"].reject_reason
    assert made["live"].expires_at > now + timedelta(days=13)
    assert listings_sweep()["expired"] == 0
    assert PriceAsked.objects.count() == 3
    listing_unsell(listing=made["sold"], by=made["sold"].seller)
    assert made["sold"].status == "live"
