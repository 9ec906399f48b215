"""A session that ends while somebody writes an advertisement loses nothing, without scripts too."""

import pytest

from marketplace.listings.models import Listing
from tests.factories import PASSWORD, ListingFactory, PhotoFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice):
    draft = ListingFactory(seller=alice, finished=True)
    PhotoFactory(listing=draft, done=True)
    return draft


def typed(**more):
    return {"price": "8 250", "currency": "EUR", "description": "Garaged since 2015.", "equipment": ["tow_bar"], **more}


def sign_in(client, person, answer):
    """At the address that the site sent them to; gives the page after it."""
    return client.post(answer["Location"], {"login": person.email, "password": PASSWORD}, follow=True)


def test_what_was_typed_is_back_after_signing_in_again_and_can_be_sent(client, alice, draft):
    answer = client.post(f"/sell/{draft.code}/submit/", typed())
    assert "what you typed is kept" in client.get(answer["Location"]).content.decode()
    page = sign_in(client, alice, answer)
    assert page.request["PATH_INFO"] == f"/sell/{draft.code}/"
    text = page.content.decode()
    assert "not saved yet" in text
    form = page.context["form"]
    assert (form["price"].value(), form["description"].value()) == ("8 250", "Garaged since 2015.")
    assert form["equipment"].value() == ["tow_bar"]
    assert form["place"].value() == "Brno"  # as stored: it was not in what was posted
    assert Listing.objects.get().price == 7500
    assert client.post(f"/sell/{draft.code}/submit/", typed())["Location"].endswith("/sent/")
    assert Listing.objects.get().description == "Garaged since 2015."


def test_once_it_is_saved_it_comes_back_no_more(client, alice, draft):
    sign_in(client, alice, client.post(f"/sell/{draft.code}/save/", typed()))
    client.post(f"/sell/{draft.code}/save/", typed(description="Better words."))
    page = client.get(f"/sell/{draft.code}/").content.decode()
    assert "Better words." in page
    assert "not saved yet" not in page


def test_a_car_on_sale_keeps_its_new_price_too(client, alice):
    car = ListingFactory(seller=alice, live=True)
    page = sign_in(client, alice, client.post(f"/sell/{car.code}/save/", typed()))
    assert page.context["form"]["price"].value() == "8 250"


def test_nobody_else_reads_it_in_the_same_browser(client, charlie, draft):
    page = sign_in(client, charlie, client.post(f"/sell/{draft.code}/submit/", typed()))
    assert page.status_code == 404
    assert "Garaged" not in page.content.decode()
