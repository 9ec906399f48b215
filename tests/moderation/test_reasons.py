"""A moderator's own words: counted and cleaned as every other text that people type."""

import pytest
from django.urls import reverse

from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision
from tests.moderation.conftest import decided


@pytest.fixture
def reject(client, bob, waiting):
    def send(reason):
        client.force_login(bob)
        listing = waiting()
        address = reverse("moderation:decide", args=[listing.code])
        client.post(address, decided(listing, action="reject", reason=reason))
        listing.refresh_from_db()
        return listing

    return send


def test_a_reason_may_be_as_long_as_the_page_lets_it_be(reject):
    listing = reject("\r\n".join(["x" * 49] * 20))  # 999 characters in the browser, 1,018 on the wire
    assert listing.status == Listing.Status.REJECTED
    assert listing.reject_reason == Decision.objects.get().reason == "\n".join(["x" * 49] * 20)


def test_a_reason_that_shows_nothing_is_none(reject):
    assert reject(" \u200b\u3164\r\n").status == Listing.Status.SUBMITTED
    assert not Decision.objects.exists()


def test_a_reason_hides_nothing(reject):
    assert reject("No \u202ephoto\u200b of the car.").reject_reason == "No photo of the car."
