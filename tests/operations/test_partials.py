"""No page ever lands in a part of another page, whichever part asks."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import ListingFactory, PhotoFactory
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}
ROOT = Path(__file__).resolve().parents[2]
# Every address that a template asks for a part of a page. "open": for visitors, too; "kept": the
# site itself keeps what was typed, and the whole page goes to sign in.
PARTS = {
    "listings:browse": ("open", "get", "/"),
    "listings:find": ("own", "get", "/sell/{code}/find/"),
    "listings:save": ("own", "post", "/sell/{code}/save/"),
    "listings:telephone": ("open", "post", "/cars/{code}/telephone/"),
    "moderation:heat": ("own", "post", "/moderate/{code}/heat/{photo}/"),
    "moderation:kind_label": ("own", "post", "/moderate/kinds/1/"),
    "moderation:kind_undo": ("own", "post", "/moderate/kinds/undo/"),
    "moderation:search": ("own", "get", "/moderate/search/"),
    "photos:delete": ("own", "post", "/sell/{code}/photos/{photo}/delete/"),
    "photos:identify_cars": ("open", "get", "/identify/{photo}/cars/"),
    "photos:identify_result": ("open", "get", "/identify/{photo}/"),
    "photos:move": ("own", "post", "/sell/{code}/photos/{photo}/move/"),
    "photos:restore": ("own", "post", "/sell/{code}/photos/{photo}/restore/"),
    "photos:rotate": ("own", "post", "/sell/{code}/photos/{photo}/rotate/"),
    "photos:tiles": ("own", "get", "/sell/{code}/photos/tiles/"),
    "trade:forget": ("open", "post", "/cars/{code}/forget/"),
    "trade:news": ("own", "get", "/messages/{code}/news/"),
    "trade:save": ("open", "post", "/cars/{code}/save/"),
    "trade:seen": ("open", "post", "/cars/{code}/seen/"),
    "trade:send": ("kept", "post", "/messages/{code}/send/"),
}
OWN = [name for name, (who, *_) in PARTS.items() if who == "own"]
# Counting a view needs no token, and sets no cookie.
POSTED = [name for name, (_, method, _) in PARTS.items() if method == "post" and name != "trade:seen"]
ASKED = re.compile(r"hx-(?:get|post|put|delete)=[\"']{% url '([\w:]+)'")
BY_NAME = {"trade:forget", "trade:save"}
"""Those whose address a template keeps in a variable."""


@pytest.fixture
def photo(alice):
    return PhotoFactory(listing=ListingFactory(seller=alice))


def ask(client, name, photo, **headers):
    _, method, path = PARTS[name]
    return getattr(client, method)(path.format(code=photo.listing.code, photo=photo.pk), headers={**HTMX, **headers})


def is_page(answer):
    return b"<!doctype" in answer.content[:100].lower()


def test_every_part_that_a_template_asks_for_is_tried_here():
    asked = {name for path in ROOT.glob("templates/**/*.html") for name in ASKED.findall(path.read_text())}
    assert asked | BY_NAME == set(PARTS)


@pytest.mark.parametrize("name", OWN)
def test_after_the_session_has_ended_a_part_says_so(client, photo, name):
    answer = ask(client, name, photo)
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert answer.json()["sign_in"] == "/accounts/login/"
    assert "signed out" in answer.json()["message"]


def test_where_the_site_keeps_what_was_typed_the_whole_page_goes_to_sign_in(client, photo):
    answer = ask(client, "trade:send", photo)
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", OWN)
def test_what_the_outsider_may_not_have_stays_out_of_the_page(client, photo, charlie, name):
    client.force_login(charlie)
    answer = ask(client, name, photo)
    assert (answer.status_code, answer["HX-Reswap"]) == (404, "none")


@pytest.mark.parametrize("name", POSTED)
def test_a_form_that_is_too_old_stays_out_of_the_page(alice, photo, name):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    answer = ask(careful, name, photo)
    assert (answer.status_code, answer["HX-Reswap"]) == (403, "none")


def test_a_fault_stays_out_of_the_page(seller, photo, monkeypatch):
    def fails(**_):
        raise RuntimeError("on purpose")

    monkeypatch.setattr("marketplace.photos.views.sell.tiles_context", fails)
    seller.raise_request_exception = False
    answer = ask(seller, "photos:tiles", photo)
    assert (answer.status_code, answer["HX-Reswap"]) == (500, "none")


def test_a_redirect_is_followed_by_the_whole_page(seller):
    answer = seller.post("/sell/", headers=HTMX)
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sell/")


def test_an_upload_after_the_session_has_ended_gets_the_same_answer(client, photo):
    file = SimpleUploadedFile("car.jpg", jpeg(), content_type="image/jpeg")
    answer = client.post(f"/sell/{photo.listing.code}/photos/", {"photo": file}, headers=JSON)
    assert answer.status_code == 401
    assert answer.json()["label"] == "Sign in again"


@pytest.mark.parametrize(
    ("came_from", "goes_on"),
    [
        ("http://testserver/sell/abc/?x=1", "/sell/abc/?x=1"),
        ("", "/"),
        ("https://elsewhere.example/sell/abc/", "/"),
    ],
)
def test_a_form_that_meets_the_sign_in_page_comes_back_to_its_page(client, photo, came_from, goes_on):
    answer = client.post(f"/sell/{photo.listing.code}/take-back/", {}, headers={"Referer": came_from}, follow=True)
    page = answer.content.decode()
    assert "Your session had ended" in page
    assert f'name="next" value="{goes_on}"' in page


def test_pages_and_what_is_cut_out_of_them_come_as_ever(client, photo):
    answer = ask(client, "listings:browse", photo)
    assert is_page(answer)
    assert "HX-Reswap" not in answer
    assert client.get(f"/sell/{photo.listing.code}/")["Location"].startswith("/accounts/login/?next=/sell/")
