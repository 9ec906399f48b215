"""Offers: made, accepted, declined, countered and withdrawn, each once."""

import threading

import pytest
from django.db import connections

from marketplace.listings.models import Listing
from marketplace.trade.models import Message, Offer
from marketplace.trade.offers.services import offer_accept, offer_decline, offer_make, offer_withdraw
from marketplace.trade.refusals import TradeRefused


def _said(thread):
    return [(m.by, m.kind) for m in Message.objects.filter(thread=thread)]


def test_offer_counter_offer_and_acceptance_are_told_in_the_thread(thread, alice, dora):
    first = offer_make(thread=thread, by=dora, price=8000)
    second = offer_make(thread=thread, by=alice, price=8700)
    offer_accept(offer=second, by=dora)
    first.refresh_from_db()
    assert (first.status, second.status) == ("countered", "accepted")
    assert _said(thread) == [("buyer", "offer"), ("seller", "offer"), ("buyer", "accepted")]


def test_the_seller_may_reserve_the_car_while_accepting_and_the_buyer_not(thread, seller, buyer, golf, alice, dora):
    offer = offer_make(thread=thread, by=dora, price=8000)
    assert "Accept and reserve" in seller.get(f"/messages/{thread.code}/").content.decode()
    seller.post(f"/messages/{thread.code}/offer/{offer.pk}/accept/", {"reserve": "1"})
    golf.refresh_from_db()
    assert golf.status == "reserved"
    assert golf.changes.last().actor == alice
    Listing.objects.update(status="live")
    offer = offer_make(thread=thread, by=alice, price=8100)
    assert "Accept and reserve" not in buyer.get(f"/messages/{thread.code}/").content.decode()
    buyer.post(f"/messages/{thread.code}/offer/{offer.pk}/accept/", {"reserve": "1"})
    golf.refresh_from_db()
    assert golf.status == "live"
    assert "Reserve the car" in seller.get(f"/messages/{thread.code}/").content.decode()
    buyer.post(f"/messages/{thread.code}/reserve/")
    golf.refresh_from_db()
    assert golf.status == "live"
    seller.post(f"/messages/{thread.code}/reserve/")
    golf.refresh_from_db()
    assert golf.status == "reserved"


def test_only_the_other_side_answers_and_only_ones_own_is_withdrawn(thread, alice, dora):
    offer = offer_make(thread=thread, by=dora, price=8000)
    for act, by in ((offer_accept, dora), (offer_decline, dora), (offer_withdraw, alice)):
        with pytest.raises(TradeRefused, match="other side"):
            act(offer=offer, by=by)
    offer_withdraw(offer=offer, by=dora)
    for act in (offer_accept, offer_decline):
        with pytest.raises(TradeRefused, match="meanwhile"):
            act(offer=offer, by=alice)
    assert _said(thread) == [("buyer", "offer"), ("buyer", "withdrawn")]


def test_nothing_is_agreed_about_a_car_that_is_not_on_sale(thread, buyer, alice, dora):
    offer = offer_make(thread=thread, by=dora, price=8000)
    Listing.objects.update(status="sold")
    with pytest.raises(TradeRefused, match="not on sale"):
        offer_accept(offer=offer, by=alice)
    with pytest.raises(TradeRefused, match="not on sale"):
        offer_make(thread=thread, by=dora, price=8100)
    offer.refresh_from_db()
    assert offer.status == "open"
    offer_decline(offer=offer, by=alice)


@pytest.mark.parametrize("price", ["0", "-5", "a lot", "8000 $", ""])
def test_a_sum_is_more_than_nothing_and_in_the_cars_currency(thread, buyer, price):
    buyer.post(f"/messages/{thread.code}/offer/", {"price": price})
    assert not Offer.objects.exists()


def test_an_offer_of_another_thread_is_not_found(thread, outsider, buyer, dora):
    offer = offer_make(thread=thread, by=dora, price=8000)
    for step in ("accept", "decline", "withdraw"):
        assert outsider.post(f"/messages/{thread.code}/offer/{offer.pk}/{step}/").status_code == 404
        assert buyer.post(f"/messages/{thread.code}/offer/{offer.pk + 1}/{step}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_accepting_and_withdrawing_at_once_one_happens(thread, alice, dora):
    offer = offer_make(thread=thread, by=dora, price=8000)
    start, refused = threading.Barrier(2), []

    def act(service, by):
        try:
            start.wait(10)
            service(offer=Offer.objects.get(pk=offer.pk), by=by)
        except TradeRefused as error:
            refused.append(error)
        finally:
            connections.close_all()

    both = [threading.Thread(target=act, args=pair) for pair in ((offer_accept, alice), (offer_withdraw, dora))]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    offer.refresh_from_db()
    assert len(refused) == 1
    assert offer.status in {"accepted", "withdrawn"}
    assert _said(thread)[1:] == [("seller", "accepted") if offer.status == "accepted" else ("buyer", "withdrawn")]
