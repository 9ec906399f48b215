"""Saved searches: mails about new cars as often as asked for, ended with one click."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.trade.models import SavedSearch, SearchAlert
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.searches import services
from marketplace.trade.searches.results import asked_words, query_clean
from marketplace.trade.searches.services import search_often, search_save, searches_look
from marketplace.trade.tasks import send_mails
from tests.factories import PASSWORD, CarModelFactory, ListingFactory


@pytest.fixture
def octavia(db):
    return CarModelFactory(make__name="Skoda", name="Octavia")


@pytest.fixture
def search(dora, octavia):
    return search_save(person=dora, query="q=octavia&price_max=9000&sort=price&page=2&fuel=", often="at_once")


def _look_and_send():
    searches_look()
    send_mails()
    sent, mail.outbox[:] = list(mail.outbox), []
    return sent


def test_a_search_is_saved_from_the_browse_page_even_after_signing_in(golf, dora):
    visitor = Client()
    page = visitor.get("/?q=golf&page=1", follow=True).content.decode()
    assert 'href="/saved/searches/save/?make=volkswagen&amp;model=volkswagen/golf"' in page
    away = visitor.get("/saved/searches/save/?q=golf")
    back = visitor.post(away["Location"], {"login": dora.email, "password": PASSWORD})
    assert back["Location"] == "/saved/searches/save/?q=golf"
    assert "Volkswagen Golf" in visitor.get(back["Location"]).content.decode()
    visitor.post("/saved/searches/save/", {"query": "q=golf", "often": "weekly"})
    saved = SavedSearch.objects.get()
    assert (saved.person, saved.query, saved.often) == (dora, "q=golf", "weekly")
    assert 'href="/?q=golf"' in visitor.get("/saved/searches/").content.decode()


def test_new_cars_that_fit_are_mailed_once_with_a_way_to_end_it(search, octavia, alice, dora, settings):
    settings.SITE_URL = "https://cars.example"
    assert search.query == "price_max=9000&q=octavia"
    assert _look_and_send() == []
    fits = ListingFactory(seller=alice, live=True, car_model=octavia, price=8000)
    ListingFactory(seller=alice, live=True, car_model=octavia, price=9500)
    ListingFactory(seller=alice, live=True, price=8000)
    ListingFactory(seller=alice, submitted=True, car_model=octavia, price=8000)
    ListingFactory(seller=dora, live=True, car_model=octavia, price=8000)  # their own
    (sent,) = _look_and_send()
    assert sent.to == ["dora@example.org"]
    assert sent.subject == "1 new car: Skoda Octavia, up to 9\u202f000\u00a0€"
    assert f"https://cars.example/cars/{fits.code}/" in sent.body
    assert "9\u202f500" not in sent.body
    stop = f"https://cars.example/saved/searches/stop/{search.token}/"
    assert stop in sent.body
    assert stop in sent.alternatives[0][0]
    assert sent.extra_headers["List-Unsubscribe"] == f"<{stop}>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert _look_and_send() == []


def test_a_day_and_a_week_are_waited_for(search, octavia):
    search_often(search=search, often="daily")
    ListingFactory(live=True, car_model=octavia)
    assert _look_and_send() == []
    SavedSearch.objects.update(next_at=timezone.now())
    assert len(_look_and_send()) == 1
    left = SavedSearch.objects.get().next_at - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(days=1)
    search_often(search=search, often="weekly")
    assert timedelta(days=6) < search.next_at - timezone.now() <= timedelta(days=7)


def test_one_click_ends_the_mails_without_a_session_or_token_of_ours(search, octavia):
    stranger = Client(enforce_csrf_checks=True)
    path = f"/saved/searches/stop/{search.token}/"
    ListingFactory(live=True, car_model=octavia)
    assert "End the mails" in stranger.get(path).content.decode()
    assert SavedSearch.objects.get().often == "at_once"  # programs open links, too
    searches_look()
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert SavedSearch.objects.get().often == "never"
    send_mails()
    assert mail.outbox == []  # not even the one that waited
    assert _look_and_send() == []
    assert stranger.post("/saved/searches/stop/another/").status_code == 404


def test_a_filter_that_is_not_valid_any_more_finds_nothing_rather_than_everything(dora, golf):
    search_save(person=dora, query="make=gone", often="at_once")
    ListingFactory(live=True, car_model=golf.car_model)
    assert _look_and_send() == []
    assert asked_words("make=gone") == ["Make: gone"]


def test_a_make_of_which_no_car_is_on_sale_is_waited_for(dora, octavia):
    sold = ListingFactory(live=True, car_model=octavia)
    search_save(person=dora, query=f"make={octavia.make.slug}", often="at_once")
    Listing.objects.filter(pk=sold.pk).update(status="sold")
    ListingFactory(live=True, car_model=CarModelFactory(make__name="Volvo"))
    assert _look_and_send() == []
    assert asked_words(f"make={octavia.make.slug}") == ["Skoda"]
    assert asked_words("make=nobody") == ["Make: nobody"]
    ListingFactory(live=True, car_model=octavia)
    assert len(_look_and_send()) == 1


def test_the_same_search_is_kept_once_and_there_is_a_most(dora, search, monkeypatch):
    again = search_save(person=dora, query="price_max=9000&q=octavia&page=7", often="weekly")
    assert again == search
    monkeypatch.setattr(services, "MOST_OF_A_PERSON", 1)
    with pytest.raises(TradeRefused, match="Delete one"):
        search_save(person=dora, query="q=golf", often="daily")
    with pytest.raises(TradeRefused, match="too long"):
        search_save(person=dora, query=f"q={'x' * 1000}", often="daily")
    assert query_clean("sort=price&page=3") == ""


def test_a_search_is_its_owners_alone(search, buyer, outsider):
    for client, status in ((outsider, 404), (buyer, 302)):
        assert client.post(f"/saved/searches/{search.pk}/change/", {"often": "weekly"}).status_code == status
    assert buyer.post(f"/saved/searches/{search.pk}/change/", {"often": "hourly"}).status_code == 404
    assert "Octavia" not in outsider.get("/saved/searches/").content.decode()
    for client, status in ((outsider, 404), (buyer, 302)):
        assert client.post(f"/saved/searches/{search.pk}/delete/").status_code == status
    assert not SavedSearch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_queue_one_mail(dora, octavia):
    search_save(person=dora, query="q=octavia", often="at_once")
    ListingFactory(live=True, car_model=octavia)
    start = threading.Barrier(2)

    def look():
        try:
            start.wait(10)
            searches_look()
        finally:
            connections.close_all()

    sweeps = [threading.Thread(target=look) for _ in range(2)]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join(60)
    assert SearchAlert.objects.count() == 1
