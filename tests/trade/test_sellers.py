"""A seller's public page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.trade.sellers.selectors import answer_time
from tests.factories import ListingFactory, ThreadFactory, UserFactory


def test_everybody_sees_a_sellers_cars_on_sale_and_no_address(client, golf, alice):
    ListingFactory(seller=alice, draft=True, other_make="Hidden")
    other = ListingFactory(seller=UserFactory(), live=True)
    assert f'href="/sellers/{alice.pk}/"' in client.get(f"/cars/{golf.code}/").content.decode()
    page = client.get(f"/sellers/{alice.pk}/").content.decode()
    assert golf.title in page
    assert "1 car for sale" in page
    assert f"Here since {alice.date_joined:%B %Y}" in page
    for hidden in ("Hidden", other.title, "alice@example.org"):
        assert hidden not in page


def test_who_sells_nothing_has_no_page(client, golf, alice, charlie):
    assert client.get(f"/sellers/{charlie.pk}/").status_code == 404
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(f"/sellers/{alice.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        ([10, 20, 30, 40, 50], "hour"),
        ([10, 20, 30, 40], ""),  # too few
        ([10, 20, 300, 400, None], "hours"),
        ([10, 20, None, None, None], ""),  # most are never answered
        ([2000, 2000, 2000, 2000, 2000], "days"),
    ],
)
def test_how_fast_somebody_answers_is_a_median_over_enough_threads(golf, alice, minutes, code):
    asked = timezone.now() - timedelta(days=3)
    for wait in minutes:
        answered = asked + timedelta(minutes=wait) if wait else None
        ThreadFactory(listing=golf, created_at=asked, answered_at=answered)
    ThreadFactory(listing=golf, created_at=timezone.now())  # still may be answered in time
    assert answer_time(seller=alice) == code
