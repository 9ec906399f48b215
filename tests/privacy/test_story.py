"""A seller's last days here, with the keys alone: a lower price, a sale, a change of mind."""

import pytest
from playwright.sync_api import expect

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from tests.factories import PASSWORD, ListingFactory, PhotoFactory
from tests.live_page import page  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def golf(alice):
    golf = ListingFactory(seller=alice, live=True, price=9000)
    PhotoFactory(listing=golf, done=True, with_files=True)
    return golf


def press(page, role, name):  # noqa: F811
    """Tab to it, as somebody without a mouse, and press Enter."""
    wanted = page.get_by_role(role, name=name).first
    expect(wanted).to_be_visible()
    for _ in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key never reaches {name}")


def test_the_price_falls_the_car_is_sold_and_not_sold_after_all(page, golf):  # noqa: F811
    page.goto("/my/")
    press(page, "link", "Edit")
    price = page.get_by_label("Price", exact=True)
    price.fill("8 400")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/")
    golf.refresh_from_db()
    assert (golf.price, golf.status) == (8400, "live")
    page.goto(golf.get_absolute_url())
    expect(page.get_by_text("8\u202f400").first).to_be_visible()
    page.goto("/my/")
    press(page, "button", "Mark as sold")
    expect(page.locator(".chip--sold")).to_be_visible()
    golf.refresh_from_db()
    assert golf.status == "sold"
    press(page, "button", "Not sold after all")
    expect(page.locator(".chip--live")).to_be_visible()
    golf.refresh_from_db()
    assert golf.status == "live"


def test_an_account_is_deleted_after_the_password_and_one_more_question(page, golf, alice):  # noqa: F811
    page.goto("/account/data/")
    press(page, "link", "Delete your account")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    press(page, "link", "Keep it")
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()
    press(page, "link", "Delete your account")
    press(page, "button", "Delete it for good")
    expect(page.get_by_text("Your account is deleted")).to_be_visible()
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Listing.objects.exists()
    page.goto("/my/")
    assert "/accounts/login/" in page.url
