"""A whole site as `make run` starts it, and a real Chromium to use it with."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.operations.site import ROOT, RunningSite
from tests.postgres import new_database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Keeps the browser's own requests (updates, safe browsing, field trials) off the network.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


class WholeSite(RunningSite):
    """A site with the real worker, Redis and networks, on the kind of database the suite uses."""

    settings_module = "marketplace.settings"

    def __init__(self, var, database_url=None):
        self.database_url = database_url
        super().__init__(var, keep={"DATABASE_URL": database_url} if database_url else {})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def account(self, role):
        """E-mail and password of a demonstration account, as the first start prints them."""
        accounts = json.loads((self.var / "demo-accounts.json").read_text())
        return next((one["email"], one["password"]) for one in accounts if role in one["email"])

    def manage(self, *words, ok=(0,)):
        """Run a command beside the running site, as the operator would; returns its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, text=True, capture_output=True,
            timeout=280, check=False,
        )  # fmt: skip
        assert done.returncode in ok, f"{words}: exit {done.returncode}\n{done.stderr}\n{done.stdout}"
        return done.stdout


@pytest.fixture(scope="module")
def database_url():
    """None for SQLite in the site's folder, or a new database on the suite's PostgreSQL server."""
    server_url = os.environ.get("DATABASE_URL")
    if not server_url:
        yield None
        return
    with new_database(server_url, "browser") as url:
        yield url


@pytest.fixture(scope="module")
def site(database_url):
    folder = Path(tempfile.mkdtemp(prefix="fc-"))  # short: a Unix socket's path has room for about 100 letters
    site = WholeSite(folder / "var", database_url)
    try:
        # The first start converts the networks to OpenVINO, which takes a while on a busy machine.
        yield site.wait_until_it_serves().wait_until_it_recognises()
    finally:
        site.kill_everything()
        shutil.rmtree(folder, ignore_errors=True)


# Not for the session: while Playwright's event loop runs, Django refuses to use the database in the
# other tests of this process.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Opens a separate window, as another person would. Any error on a page fails the test."""
    contexts, wrong = [], []

    def open_window(*, viewport=DESKTOP, **options) -> Page:
        context = browser.new_context(viewport=viewport, base_url=site.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if _is_wrong(line) else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not wrong, wrong


def _is_wrong(line):
    # An incomplete form is answered with 422, which the console reports as a failed load. That is
    # expected.
    return line.type == "error" and "status of 422" not in line.text


def sign_in(page, email, password):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
