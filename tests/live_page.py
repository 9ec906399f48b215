"""alice's window, signed in, in a real browser on pytest-django's live server."""

import pytest
from playwright.sync_api import sync_playwright

from tests.factories import PASSWORD


@pytest.fixture
def page(chromium, live_server, alice, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs an event loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"],
            # Playwright turns this cache off. In people's browsers, Back restores the page as it
            # was left, including the state of its scripts.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        page = browser.new_page(base_url=live_server.url)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
        page.goto("/accounts/login/?next=/my/")
        sign_in(page, alice.email)
        page.wait_for_url("**/my/")
        yield page
        browser.close()
    assert not problems, problems


def sign_in(page, email):
    """On the sign-in page."""
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
