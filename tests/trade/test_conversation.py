"""A conversation: who may read and write it, what is new in it, what it warns of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.trade.limits import MESSAGES
from marketplace.trade.messages.selectors import threads_unread
from marketplace.trade.messages.services import message_send, threads_tidy
from marketplace.trade.messages.warnings import Warning_, warnings_of
from marketplace.trade.models import Block, Message, Tally, Thread
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.tasks import sweep


def test_both_read_what_the_other_wrote_and_what_is_new_is_counted(thread, seller, buyer, alice, dora):
    message_send(thread=thread, by=dora, text="Is it rusty?")
    message_send(thread=thread, by=dora, text="And the tyres?")
    assert threads_unread(person=alice) == 1
    assert '<span class="count">1' in seller.get("/").content.decode()
    assert '<span class="count">2' in seller.get("/messages/").content.decode()
    page = seller.get(f"/messages/{thread.code}/").content.decode()
    assert "Is it rusty?" in page
    assert "Dora" in page
    assert "dora@example.org" not in page
    assert threads_unread(person=alice) == 0
    assert 'class="count"' not in seller.get("/messages/").content.decode()
    answer = seller.post(f"/messages/{thread.code}/send/", {"text": "Not at all."})
    assert answer["Location"] == f"/messages/{thread.code}/#newest"
    assert threads_unread(person=dora) == 1
    assert "Not at all." in buyer.get(f"/messages/{thread.code}/").content.decode()
    thread.refresh_from_db()
    assert thread.answered_at is not None


def test_the_open_page_asks_for_news_and_gets_it_once(thread, seller, alice, dora):
    assert seller.get(f"/messages/{thread.code}/news/?after=0").status_code == 204
    message = message_send(thread=thread, by=dora, text="Hello?")
    part = seller.get(f"/messages/{thread.code}/news/?after=0")
    assert part.status_code == 200
    assert "Hello?" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert threads_unread(person=alice) == 0
    assert seller.get(f"/messages/{thread.code}/news/?after={message.pk}").status_code == 204


def test_htmx_gets_a_part_of_the_page_and_refusals_with_what_was_typed(thread, seller):
    htmx = {"HX-Request": "true"}
    part = seller.post(f"/messages/{thread.code}/send/", {"text": "Hello"}, headers=htmx)
    assert 'id="conversation"' in part.content.decode()
    assert "<html" not in part.content.decode()
    part = seller.post(f"/messages/{thread.code}/send/", {"text": "x" * 4001}, headers=htmx)
    assert part.status_code == 422
    assert "x" * 4001 in part.content.decode()


def test_an_expired_session_keeps_what_was_typed(thread, client, dora):
    here = f"/messages/{thread.code}/"
    away = client.post(f"{here}send/", {"text": "A long letter"})
    assert away["Location"] == f"/accounts/login/?next={here}"
    part = client.post(f"{here}send/", {"text": "A longer letter"}, headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, f"/accounts/login/?next={here}")
    assert client.get(f"{here}news/?after=0").status_code == 401  # the page stays as it is
    session = client.session
    client.force_login(dora)
    kept = client.session
    kept.update(session.items())  # as signing in through the form keeps it, see test_contact
    client.force_login(dora)
    assert "A longer letter" in client.get(here).content.decode()


def test_strangers_find_nothing(thread, outsider, dora):
    message_send(thread=thread, by=dora, text="Hello")
    for path in ("", "news/"):
        assert outsider.get(f"/messages/{thread.code}/{path}").status_code == 404
    for path in ("send/", "block/", "unblock/", "offer/", "reserve/"):
        answer = outsider.post(f"/messages/{thread.code}/{path}", {"text": "Hi", "price": "1"})
        assert answer.status_code == 404, path
    assert Message.objects.count() == 1


def test_blocking_ends_it_for_both_and_can_be_undone(thread, seller, buyer, alice, dora):
    seller.post(f"/messages/{thread.code}/block/")
    for person in (alice, dora):
        with pytest.raises(TradeRefused):
            message_send(thread=thread, by=person, text="Hello")
    assert "You blocked this person" in seller.get(f"/messages/{thread.code}/").content.decode()
    assert "cannot write in this conversation" in buyer.get(f"/messages/{thread.code}/").content.decode()
    seller.post(f"/messages/{thread.code}/unblock/")
    assert not Block.objects.exists()
    message_send(thread=thread, by=dora, text="Hello")


@pytest.mark.parametrize(("state", "may_write"), [("sold", True), ("withdrawn", True), ("rejected", False)])
def test_a_conversation_goes_on_while_there_is_something_to_arrange(thread, buyer, dora, state, may_write):
    Listing.objects.update(status=state)
    page = buyer.get(f"/messages/{thread.code}/").content.decode()
    assert ("advertisement is gone" not in page) == may_write
    assert (f'href="/cars/{thread.listing.code}/"' in page) == (state == "sold")  # the rest is the seller's alone
    answer = buyer.post(f"/messages/{thread.code}/send/", {"text": "Hello"})
    assert answer.status_code == (302 if may_write else 422)


def test_who_stays_can_read_on_when_the_other_account_and_its_car_are_gone(thread, buyer, golf, alice, dora):
    message_send(thread=thread, by=dora, text="Where are you?")
    golf.delete()
    alice.delete()
    page = buyer.get(f"/messages/{thread.code}/").content.decode()
    assert "Closed account" in page
    assert "Where are you?" in page
    assert "account is closed" in page
    assert "Closed account" in buyer.get("/messages/").content.decode()
    assert threads_tidy() == 0
    dora.delete()
    assert threads_tidy() == 1
    assert not Thread.objects.exists()


def test_a_long_thread_shows_its_end_and_all_of_it_on_demand(thread, buyer, monkeypatch, dora):
    monkeypatch.setattr("marketplace.trade.messages.selectors.SHOWN_FIRST", 2)
    monkeypatch.setattr("marketplace.trade.messages.views.SHOWN_FIRST", 2)
    for text in ("first", "second", "third"):
        message_send(thread=thread, by=dora, text=text)
    page = buyer.get(f"/messages/{thread.code}/").content.decode()
    assert "first" not in page
    assert "said earlier" in page
    assert "first" in buyer.get(f"/messages/{thread.code}/?all").content.decode()


def test_the_same_words_sent_twice_by_a_tired_connection_are_one_message(thread, dora):
    first = message_send(thread=thread, by=dora, text="Hello")
    assert message_send(thread=thread, by=dora, text="Hello") == first
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert message_send(thread=thread, by=dora, text="Hello") != first


def test_limits_are_counted_in_the_database_and_forgotten_after_two_days(thread, dora):
    message_send(thread=thread, by=dora, text="Hello")
    Tally.objects.filter(what=MESSAGES[0].what).update(count=MESSAGES[0].most)
    with pytest.raises(TradeRefused, match="in an hour"):
        message_send(thread=thread, by=dora, text="One more")
    # What was refused by the hour counts for no day.
    assert Tally.objects.get(what=MESSAGES[1].what).count == 1
    Tally.objects.update(begins_at=timezone.now() - timedelta(days=3))
    assert sweep()["tallies"] == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://pay.example/now", ["link"]),
        ("my-cars.shop has more", ["link"]),
        ("Write to me on t.me please", ["link"]),
        ("Send it to DE89 3704 0044 0532 0130 00, please.", ["bank"]),
        ("Send it to DE88 3704 0044 0532 0130 00, please.", []),
        ("My card is 4111 1111 1111 1111", ["bank"]),
        ("Call me: 4111 1111 1111 1112", []),
        ("Pay with bitcoin at www.coins.io", ["link", "transfer"]),
        ("It is a 1.6 TDI of 2012, 85.000 km, 8.500 EUR. Ok? Yes.No problem", []),
        ("Thanks.It is great.At noon?Call.me", []),
        ("Look at auto-milano.it/golf", ["link"]),
        ("Golf VII 2.0 TDI, VIN WVWZZZ1KZAW123456", []),
    ],
)
def test_links_and_bank_details_are_found(text, found):
    assert [Warning_(code) for code in found] == warnings_of(text)


def test_reader_and_writer_are_warned_and_nothing_is_blocked_or_made_a_link(thread, seller, buyer, dora):
    message_send(thread=thread, by=dora, text="Pay at https://bank.example/<b>")
    for person, words in ((seller, "Open it only if you know"), (buyer, "We warn the reader")):
        page = person.get(f"/messages/{thread.code}/").content.decode()
        assert words in page
        assert "https://bank.example/&lt;b&gt;" in page
        assert 'href="https://bank.example' not in page
