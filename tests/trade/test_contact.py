"""A buyer writes to a seller for the first time."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.utils import timezone

from marketplace.trade.limits import FIRST_MESSAGES
from marketplace.trade.messages.services import message_send, person_block, thread_begin
from marketplace.trade.models import Message, Offer, Thread
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.tasks import sweep
from tests.factories import PASSWORD, ListingFactory, UserFactory


def test_a_buyer_writes_from_the_cars_page(buyer, golf, dora, alice):
    page = buyer.get(f"/cars/{golf.code}/").content.decode()
    assert f'action="/cars/{golf.code}/contact/"' in page
    assert "alice@example.org" not in page
    answer = buyer.post(f"/cars/{golf.code}/contact/", {"text": "Is it still there?", "price": ""})
    thread = Thread.objects.get()
    assert answer["Location"] == f"/messages/{thread.code}/"
    assert (thread.listing, thread.buyer, thread.seller) == (golf, dora, alice)
    assert [(m.by, m.text) for m in Message.objects.all()] == [("buyer", "Is it still there?")]
    assert "Open the conversation" in buyer.get(f"/cars/{golf.code}/").content.decode()


def test_an_offer_may_stand_alone_and_in_the_words_that_people_write(buyer, golf):
    buyer.post(f"/cars/{golf.code}/contact/", {"text": "", "price": "8 500 €"})
    offer = Offer.objects.get()
    assert (offer.price, offer.currency, offer.by) == (8500, "EUR", "buyer")


def test_nothing_is_not_sent_and_half_of_it_neither(buyer, golf):
    assert buyer.post(f"/cars/{golf.code}/contact/", {"text": " ", "price": ""}).status_code == 422
    answer = buyer.post(f"/cars/{golf.code}/contact/", {"text": "Hello", "price": "cheap"})
    assert answer.status_code == 422
    assert "Hello" in answer.content.decode()
    assert not Thread.objects.exists()


def test_what_a_visitor_typed_survives_signing_in(golf, dora):
    visitor = Client()
    assert "You sign in next" in visitor.get(f"/cars/{golf.code}/").content.decode()
    away = visitor.post(f"/cars/{golf.code}/contact/", {"text": "Does it have winter tyres?", "price": "8000"})
    assert away["Location"] == f"/accounts/login/?next=/cars/{golf.code}/contact/"
    back = visitor.post(away["Location"], {"login": dora.email, "password": PASSWORD})
    page = visitor.get(back["Location"]).content.decode()
    assert "Does it have winter tyres?" in page
    assert 'value="8000"' in page
    visitor.post(f"/cars/{golf.code}/contact/", {"text": "Does it have winter tyres?", "price": "8000"})
    assert "winter" not in visitor.get(f"/cars/{golf.code}/contact/").content.decode()


def test_a_script_without_an_account_does_not_fill_the_table_of_sessions(golf, settings):
    settings.ACCOUNT_RATE_LIMITS = {"typed": "2/h/ip"}
    for _ in range(4):
        answer = Client().post(f"/cars/{golf.code}/contact/", {"text": "x" * 5000})
        assert answer["Location"].startswith("/accounts/login/")
    assert Session.objects.count() == 2


def test_sessions_that_are_over_are_removed(db):
    for name, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=timezone.now() + timedelta(days=days))
    sweep()
    assert [one.session_key for one in Session.objects.all()] == ["new"]


@pytest.mark.parametrize("state", ["draft", "submitted", "withdrawn", "expired", "sold", "deleted"])
def test_nobody_writes_about_what_is_not_on_sale(buyer, alice, state):
    listing = ListingFactory(seller=alice, **{state: True})
    assert buyer.get(f"/cars/{listing.code}/contact/").status_code == 404
    assert buyer.post(f"/cars/{listing.code}/contact/", {"text": "Hello"}).status_code == 404


def test_nobody_writes_to_themselves_or_to_a_closed_account(seller, buyer, golf, alice):
    assert seller.post(f"/cars/{golf.code}/contact/", {"text": "Hello"}).status_code == 404
    assert f"/cars/{golf.code}/contact/" not in seller.get(f"/cars/{golf.code}/").content.decode()
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    answer = buyer.post(f"/cars/{golf.code}/contact/", {"text": "Hello"})
    assert answer.status_code == 422
    assert not Thread.objects.exists()


def test_whom_a_seller_blocked_cannot_write_about_another_car(thread, alice, dora):
    person_block(thread=thread, by=alice)
    other = ListingFactory(seller=alice, live=True)
    with pytest.raises(TradeRefused):
        thread_begin(listing=other, buyer=dora)


def test_there_is_a_limit_to_first_messages(dora):
    seller = UserFactory()
    most = FIRST_MESSAGES[0].most
    for _ in range(most):
        thread_begin(listing=ListingFactory(seller=seller, live=True, car_model=None), buyer=dora)
    with pytest.raises(TradeRefused, match="in an hour"):
        thread_begin(listing=ListingFactory(seller=seller, live=True, car_model=None), buyer=dora)
    assert Thread.objects.count() == most


@pytest.mark.django_db(transaction=True)
def test_two_first_messages_at_once_make_one_thread(golf, dora):
    start = threading.Barrier(2)

    def write(text):
        try:
            start.wait(10)
            message_send(thread=thread_begin(listing=golf, buyer=dora), by=dora, text=text)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(text,)) for text in ("Hello", "Are you there?")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert Thread.objects.count() == 1
    assert set(Message.objects.values_list("text", flat=True)) == {"Hello", "Are you there?"}
