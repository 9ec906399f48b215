"""The language of a visitor, of an account, and of the mails to it."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client

from marketplace.listings.life.mails import mail_queue, mails_send
from marketplace.listings.models import SellerMail
from tests.factories import ListingFactory


def language_of(page) -> str:
    return page.content.decode().split('<html lang="')[1].split('"')[0]


def test_the_browser_is_asked_first_and_the_switch_is_remembered(client, db):
    assert language_of(client.get("/", headers={"accept-language": "pt"})) == "pt-br"
    pressed = client.post(
        "/language/", {"language": "de"}, headers={"referer": "http://testserver/?year_min=2015&lang=es"}
    )
    assert (pressed.status_code, pressed["Location"]) == (302, "http://testserver/?year_min=2015")
    assert language_of(client.get("/", headers={"accept-language": "pt"})) == "de"


@pytest.mark.parametrize("said", ["", "xx", "de-ch"])
def test_a_language_that_the_site_does_not_speak_is_refused(client, db, said):
    answer = client.post("/language/", {"language": said})
    assert answer.status_code == 400
    assert "django_language" not in answer.cookies


def test_the_switch_leads_to_no_other_site(client, db):
    pressed = client.post("/language/", {"language": "de"}, headers={"referer": "https://evil.example/"})
    assert pressed["Location"] == "/"


def test_an_address_names_a_language_for_one_page_only(client, db):
    page = client.get("/?lang=es", headers={"accept-language": "de"})
    assert language_of(page) == "es"
    assert "django_language" not in page.cookies
    assert language_of(client.get("/", headers={"accept-language": "de"})) == "de"
    assert language_of(client.get("/?lang=xx", headers={"accept-language": "de"}, follow=True)) == "de"


def test_a_page_names_itself_in_every_language(client, db):
    page = client.get("/?year_min=2015&lang=de").content.decode()
    assert '<link rel="canonical" href="/?year_min=2015&amp;lang=de">' in page
    assert '<link rel="alternate" hreflang="pt-br" href="http://testserver/?year_min=2015&amp;lang=pt-br">' in page
    assert '<link rel="alternate" hreflang="x-default" href="http://testserver/?year_min=2015">' in page
    assert '<link rel="canonical" href="/?year_min=2015">' in client.get("/?year_min=2015").content.decode()


def test_pages_vary_by_what_decides_their_language(client, db):
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in client.get("/")["Vary"].split(",")}


def test_an_account_brings_its_language_along(alice):
    here = Client(headers={"accept-language": "de"})
    here.force_login(alice)
    here.post("/language/", {"language": "es"})
    alice.refresh_from_db()
    assert alice.language == "es"
    alice.set_password("a long enough one")
    alice.save()
    elsewhere = Client(headers={"accept-language": "de"})
    elsewhere.post("/accounts/login/", {"login": alice.email, "password": "a long enough one"})
    assert language_of(elsewhere.get("/")) == "es"


def test_the_profile_changes_it_at_once(alice, client):
    client.force_login(alice)
    saved = client.post("/account/", {"display_name": "Alice", "language": "pt-br"}, follow=True)
    assert language_of(saved) == "pt-br"


def test_numbers_and_dates_are_written_as_each_language_does(client, db):
    listing = ListingFactory(live=True, price=12500, currency="EUR", mileage_km=85000)
    said = {
        code: client.get(listing.get_absolute_url(), {"lang": code}).content.decode() for code in ("en-gb", "de", "es")
    }
    assert "12\u202f500\u00a0€" in said["en-gb"]
    assert "12.500\u00a0€" in said["de"]
    assert "12.500\u00a0€" in said["es"]
    assert "85.000\u00a0km" in said["de"]


def test_a_mail_is_in_the_language_of_its_reader(alice):
    alice.language = "de"
    alice.save()
    listing = ListingFactory(seller=alice, live=True, expires_at=datetime(2027, 3, 4, tzinfo=UTC))
    mail_queue(listing=listing, kind=SellerMail.Kind.LIVE)
    assert mails_send() == 1
    assert "4. März 2027" in mail.outbox[0].body
    assert '<html lang="de">' in mail.outbox[0].alternatives[0][0]
