"""The grid with the keys alone, in a real browser."""

import pytest

from marketplace.moderation.models import Decision
from tests.moderation.conftest import verdict
from tests.moderation.test_keyboard import SEEN, page  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_is_taken_out_the_rest_accepted_and_all_undone(page, waiting):  # noqa: F811
    listings = [waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.99 - n / 100))) for n in range(4)]
    page.goto("/moderate/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("g")
    page.wait_for_url("**/moderate/grid/")
    page.locator(".grid-groups a").click()
    page.wait_for_timeout(SEEN)
    for key in ("ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    assert page.locator("[data-count]").text_content() == "3/4"
    page.keyboard.press("a")
    page.wait_for_selector("text=3 listings are live as Škoda Octavia.")
    assert {one.listing for one in Decision.objects.all()} == {*listings} - {listings[1]}
    page.wait_for_timeout(SEEN)
    page.keyboard.press("z")
    page.wait_for_selector("text=3 decisions are undone.")
    assert Decision.objects.filter(undone_by=None).exclude(action="undo").count() == 0
