"""Saved cars, with and without an account, and what sellers learn of it."""

import pytest
from django.test import Client

from marketplace.listings.models import Listing
from marketplace.trade.favourites.cookies import MOST
from marketplace.trade.messages.services import message_send
from marketplace.trade.models import Favourite, Views
from tests.factories import PASSWORD, ListingFactory, UserFactory


def test_a_car_is_saved_and_forgotten_from_any_page(buyer, golf, dora):
    assert f'formaction="/cars/{golf.code}/save/"' in buyer.get("/").content.decode()
    answer = buyer.post(f"/cars/{golf.code}/save/", {"next": "/?q=golf"})
    assert answer["Location"] == "/?q=golf"
    assert Favourite.objects.get().person == dora
    page = buyer.get("/saved/").content.decode()
    assert golf.title in page
    assert f'formaction="/cars/{golf.code}/forget/"' in page
    buyer.post(f"/cars/{golf.code}/forget/", {"next": "https://elsewhere.example"})
    assert not Favourite.objects.exists()
    assert golf.title not in buyer.get("/saved/").content.decode()


def test_htmx_gets_the_button_alone(buyer, golf):
    part = buyer.post(f"/cars/{golf.code}/save/", {"next": "/"}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-pressed="true"' in part
    assert "<html" not in part


def test_no_page_elsewhere_is_led_to(buyer, golf):
    answer = buyer.post(f"/cars/{golf.code}/save/", {"next": "https://elsewhere.example"})
    assert answer["Location"] == "/saved/"


def test_without_an_account_the_browser_keeps_them_and_the_account_gets_them(golf, alice, dora):
    visitor, other = Client(), ListingFactory(seller=UserFactory(), live=True)
    for listing in (golf, other):
        visitor.post(f"/cars/{listing.code}/save/")
    assert not Favourite.objects.exists()
    page = visitor.get("/saved/").content.decode()
    assert page.index(other.title) < page.index(golf.title)
    assert "Only this browser" in page
    visitor.post("/accounts/login/", {"login": dora.email, "password": PASSWORD})
    assert "Only this browser" not in visitor.get("/saved/").content.decode()
    assert [one.listing for one in Favourite.objects.filter(person=dora)] == [other, golf]
    assert "saved_cars" not in {name for name, cookie in visitor.cookies.items() if cookie.value}


def test_a_cookie_of_somebody_elses_making_is_ignored(client, golf, db):
    client.cookies["saved_cars"] = f'["{golf.code}"]'
    assert golf.title not in client.get("/saved/").content.decode()


def test_a_cookie_holds_so_many(client, golf):
    for number in range(MOST):
        Listing.objects.filter(pk=golf.pk).update(code=f"code{number}")
        client.post(f"/cars/code{number}/save/")
    assert len(client.cookies["saved_cars"].value) < 3000
    Listing.objects.filter(pk=golf.pk).update(code="code0")
    assert golf.title in client.get("/saved/").content.decode()


def test_what_is_not_on_offer_shows_no_details_and_comes_back(buyer, golf):
    buyer.post(f"/cars/{golf.code}/save/")
    Listing.objects.update(status="withdrawn")
    page = buyer.get("/saved/").content.decode()
    assert golf.title not in page
    assert "1 car that you saved is not on offer" in page
    Listing.objects.update(status="live")
    assert golf.title in buyer.get("/saved/").content.decode()
    Listing.objects.update(status="withdrawn")
    buyer.post("/saved/forget-gone/")
    assert not Favourite.objects.exists()


def test_a_browser_forgets_what_is_not_on_offer_as_well(client, golf):
    client.post(f"/cars/{golf.code}/save/")
    Listing.objects.update(status="withdrawn")
    client.post("/saved/forget-gone/")
    Listing.objects.update(status="live")
    assert golf.title not in client.get("/saved/").content.decode()


@pytest.mark.parametrize("state", ["draft", "submitted", "withdrawn"])
def test_what_visitors_do_not_see_cannot_be_saved_or_counted(outsider, alice, state):
    listing = ListingFactory(seller=alice, **{state: True})
    for path in ("save", "forget", "seen"):
        assert outsider.post(f"/cars/{listing.code}/{path}/").status_code == 404


def test_a_look_is_counted_once_a_session_and_never_for_the_seller(client, seller, golf):
    one, another = Client(enforce_csrf_checks=True), Client()
    assert f'hx-post="/cars/{golf.code}/seen/"' in one.get(f"/cars/{golf.code}/").content.decode()
    for browser in (one, one, another):
        assert browser.post(f"/cars/{golf.code}/seen/").status_code == 204
    assert seller.post(f"/cars/{golf.code}/seen/").status_code == 404
    assert Views.objects.get().count == 2
    assert one.cookies["seen_cars"]["max-age"] == ""  # the browser forgets it when it is closed


def test_my_cars_tell_of_views_saves_and_conversations(seller, buyer, golf, thread, dora):
    buyer.post(f"/cars/{golf.code}/seen/")
    buyer.post(f"/cars/{golf.code}/save/")
    message_send(thread=thread, by=dora, text="Hello")
    page = seller.get("/my/").content.decode()
    for words in ("1 view<", "saved once", f'href="/messages/?car={golf.code}"'):
        assert words in page
    assert "Dora" in seller.get(f"/messages/?car={golf.code}").content.decode()
    assert "Dora" not in seller.get("/messages/?car=other").content.decode()
