"""A car is sold on the telephone: written about, answered, offered for, accepted and reserved."""

import re

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from marketplace.trade.messages.mails import notices_send
from marketplace.trade.models import Favourite, Notice, Thread
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def open_window(chromium, live_server, monkeypatch):
    """Another person's telephone. Any error on a page fails the test."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs an event loop in this thread
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def window(**options):
            page = browser.new_context(viewport=PHONE, base_url=live_server.url, **options).new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
            return page

        yield window
        browser.close()
    assert wrong == []


def _sign_in(page, person):
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()


def _fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def _link_in_the_mail(settings, live_server):
    """The address in the mail that waits, as its reader would press it."""
    settings.SITE_URL = live_server.url
    Notice.objects.update(next_try_at=timezone.now())
    assert notices_send() == 1
    return re.search(r"http\S+/messages/\S+", mail.outbox.pop().body).group()


def test_buyer_and_seller_agree_on_a_price(open_window, golf, alice, dora, settings, live_server):
    # A visitor saves the car and writes, and has to sign in for that.
    buyer = open_window()
    buyer.goto("/")
    buyer.get_by_role("button", name="Saved: Volkswagen Golf").click()
    expect(buyer.get_by_role("button", name="Saved: Volkswagen Golf")).to_have_attribute("aria-pressed", "true")
    buyer.goto(f"/cars/{golf.code}/")
    bar = buyer.locator(".contact-bar").get_by_role("link", name="Write to the seller")
    expect(bar).to_be_in_viewport()
    bar.click()
    buyer.get_by_label("Your message").fill("Is it still there?")
    _fits(buyer)
    buyer.locator("#contact").get_by_role("button", name="Send").click()
    _sign_in(buyer, dora)
    expect(buyer.get_by_label("Your message")).to_have_value("Is it still there?")
    buyer.get_by_role("button", name="Send").click()
    expect(buyer.locator(".talk__line")).to_have_text(re.compile("Is it still there"))
    assert Favourite.objects.get().person == dora  # what was saved before goes with the account

    # The seller follows the mail's link and answers; the buyer's open page shows it by itself.
    seller = open_window()
    seller.goto(_link_in_the_mail(settings, live_server))
    _sign_in(seller, alice)
    expect(seller.locator(".talk__line")).to_have_text(re.compile("Is it still there"))
    seller.get_by_label("Your message").fill("Yes, come and see it.")
    seller.get_by_role("button", name="Send").click()
    expect(seller.locator(".talk__line")).to_have_count(2)
    expect(seller.get_by_label("Your message")).to_have_value("")
    _fits(seller)
    buyer.get_by_label("Your message").fill("Half a sentence")
    expect(buyer.locator(".talk__line")).to_have_count(2)
    expect(buyer.get_by_label("Your message")).to_have_value("Half a sentence")  # what is being typed stays

    # An offer, another sum, and they agree: the car is reserved, and everybody sees that.
    buyer.get_by_text("Offer a sum").click()
    buyer.get_by_label("Sum (EUR)").fill("8 000")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    expect(buyer.get_by_role("heading", name="You offered: 8\u202f000\u00a0€")).to_be_visible()
    expect(seller.get_by_role("heading", name="Offered to you: 8\u202f000\u00a0€")).to_be_visible()
    seller.get_by_label("Or name another sum (EUR)").fill("8 600")
    seller.get_by_role("button", name="Offer", exact=True).click()
    expect(buyer.get_by_role("heading", name="Offered to you: 8\u202f600\u00a0€")).to_be_visible()
    buyer.get_by_label("Or name another sum (EUR)").fill("8 500")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    seller.get_by_role("button", name="Accept and reserve the car").click()
    expect(seller.locator(".talk__line").last).to_have_text(re.compile("Accepted: 8.500"))
    golf.refresh_from_db()
    assert golf.status == "reserved"
    buyer.goto("/saved/")
    expect(buyer.locator(".chip--reserved")).to_be_visible()
    assert Thread.objects.count() == 1


def test_all_of_it_works_without_javascript(open_window, golf, alice, dora):
    buyer = open_window(java_script_enabled=False)
    buyer.goto(f"/accounts/login/?next=/cars/{golf.code}/")
    _sign_in(buyer, dora)
    buyer.get_by_role("button", name="Saved: Volkswagen Golf").click()
    expect(buyer.get_by_role("heading", name="Volkswagen Golf")).to_be_visible()
    buyer.get_by_label("Your message").fill("Hello")
    buyer.get_by_label(re.compile("Your offer")).fill("8000")
    buyer.locator("#contact").get_by_role("button", name="Send").click()
    expect(buyer.locator(".talk__line")).to_have_count(2)
    buyer.get_by_label("Your message").fill("Hello again")
    buyer.get_by_role("button", name="Send").click()
    expect(buyer.locator(".talk__line")).to_have_count(3)
    buyer.get_by_role("button", name="Withdraw the offer").click()
    expect(buyer.locator(".talk__line").last).to_have_text(re.compile("Withdrawn: 8.000"))
