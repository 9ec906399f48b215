"""Every page, narrow and wide, light and dark, as axe-core judges it: WCAG 2.2, levels A and AA."""

from itertools import product
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import sync_playwright

from marketplace.photos.asking.services import question_begin
from marketplace.trade.messages.services import message_send
from marketplace.trade.models import Report
from marketplace.trade.offers.services import offer_make
from marketplace.trade.searches.services import search_save
from tests.factories import (
    PASSWORD,
    ClaimFactory,
    LabelReviewFactory,
    ListingFactory,
    PhotoFactory,
    ThreadFactory,
    UserFactory,
    verdict_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
AXE = Axe().axe_script
WIDTHS, THEMES = (390, 1280), ("light", "dark")
ANYBODY = (
    "operator_pages:help",
    "operator_pages:contact",
    "operator_pages:privacy",
    "operator_pages:imprint",
    "listings:browse",
    "photos:identify",
    "account_login",
    "account_signup",
    "account_reset_password",
    "trade:saved",
)
SELLER = (
    "privacy:profile", "privacy:data", "privacy:delete", "account_email", "account_change_password", "mfa_index",
    "mfa_activate_totp", "usersessions_list", "account_logout", "listings:mine", "listings:sell", "trade:inbox",
    "trade:searches",
)  # fmt: skip
MODERATOR = (
    "moderation:history", "moderation:reports", "moderation:reports_all", "moderation:labels", "moderation:figures",
    "moderation:grid", "moderation:kinds", "moderation:propose",
)  # fmt: skip
OPERATOR = ("moderation:catalogue",)


@pytest.fixture
def pages(alice, bob, charlie, live_server):
    """Addresses for each person; None is a visitor."""
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    live = ListingFactory(seller=alice, live=True, detailed=True, description="Garaged.")
    PhotoFactory(listing=live, done=True, with_files=True)
    PhotoFactory(listing=live, done=True, with_files=True)
    said = verdict_of(("Skoda", "Octavia", 0.7), ("Volvo", "V70", 0.2))
    draft = ListingFactory(seller=alice, draft=True, verdict=said)
    PhotoFactory(listing=draft, done=True, with_files=True)
    waiting = ListingFactory(seller=alice, submitted=True, verdict=said)
    PhotoFactory(listing=waiting, done=True, with_files=True)
    ClaimFactory(listing=waiting, moderator=bob)
    thread = ThreadFactory(listing=live, buyer=charlie)
    message_send(thread=thread, by=charlie, text="Is it still there?")
    offer_make(thread=thread, by=charlie, price=5000)
    search_save(person=alice, query="fuel=diesel", often="daily")
    LabelReviewFactory(with_files=True)
    report = Report.objects.create(listing=live, reason="fraud")
    question = question_begin()
    PhotoFactory(listing=None, question=question, done=True, with_files=True)
    return {
        None: [
            *map(reverse, ANYBODY),
            live.get_absolute_url(),
            reverse("trade:seller", args=[alice.pk]),
            reverse("trade:report", args=[live.code]),
            reverse("photos:identify_result", args=[question.pk]),
            "/cars/nothing-here/",
            f"/?q={uuid4().hex}",
        ],
        alice: [
            *map(reverse, SELLER),
            reverse("listings:edit", args=[draft.code]),
            reverse("listings:edit", args=[live.code]),
            reverse("listings:sent", args=[waiting.code]),
            thread.get_absolute_url(),
        ],
        charlie: [reverse("trade:contact", args=[live.code]), reverse("trade:saved")],
        UserFactory(superuser=True): [*map(reverse, OPERATOR)],
        bob: [
            *map(reverse, MODERATOR),
            reverse("moderation:review", args=[waiting.code]),
            reverse("moderation:report", args=[report.pk]),
        ],
    }


@pytest.fixture
def windows(chromium, live_server, monkeypatch):
    """``windows(person, cookie)``: a page with that session's cookie."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs an event loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def window(person, cookie):
            context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
            if cookie:
                context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
            return context.new_page()

        yield window
        browser.close()


def test_a_page_that_does_keep_people_out_is_found(windows):
    page = windows(None, None)
    page.set_content("<html lang=en><title>x</title><main><img src=x><p style='color: #ccc'>pale</p></main>")
    page.evaluate(AXE)
    assert [line.partition(":")[0] for line in _violations(page)] == ["color-contrast", "image-alt"]


def test_no_page_keeps_anybody_out(pages, windows):
    wrong = []
    for person, addresses in pages.items():
        page = windows(person, _signed_in(person))
        for address in addresses:
            page.goto(address)
            page.evaluate(AXE)
            for width, theme in product(WIDTHS, THEMES):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme)
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    wrong.append(f"{address} at {width}: wider than the screen")
                wrong += [f"{address} at {width}, {theme}: {line}" for line in _violations(page)]
    assert wrong == []


def _signed_in(person):
    """The cookie of a session in which the person has typed the password twice."""
    if person is None:
        return None
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client.cookies[settings.SESSION_COOKIE_NAME]


def _violations(page):
    found = page.evaluate("options => axe.run(document, options)", OPTIONS)["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
