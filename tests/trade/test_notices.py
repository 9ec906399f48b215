"""Mails about messages: one until it was read, without addresses, not for what was read."""

from django.core import mail
from django.utils import timezone

from marketplace.celery import app
from marketplace.trade.messages.mails import notices_send
from marketplace.trade.messages.services import message_send, thread_seen
from marketplace.trade.models import Message, Notice, Thread
from marketplace.trade.offers.services import offer_make


def _a_minute_later():
    Notice.objects.update(next_try_at=timezone.now())
    return notices_send()


def test_the_other_side_is_told_with_a_link_after_a_minute(thread, dora, settings):
    settings.SITE_URL = "https://cars.example"
    message_send(thread=thread, by=dora, text="Is <it> rusty?")
    assert notices_send() == 0
    assert _a_minute_later() == 1
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.org"]
    assert sent.subject == f"New message: {thread.listing_title}"
    assert "Dora wrote to you" in sent.body
    assert "Is <it> rusty?" in sent.body
    assert f"https://cars.example/messages/{thread.code}/" in sent.body
    assert "dora@example.org" not in f"{sent.body}{sent.alternatives}{sent.message()}"
    ((html, _),) = sent.alternatives
    assert "Is &lt;it&gt; rusty?" in html


def test_no_second_mail_until_it_was_read(thread, dora):
    for text in ("One", "Two"):
        message_send(thread=thread, by=dora, text=text)
    assert _a_minute_later() == 1
    last = message_send(thread=thread, by=dora, text="Three")
    assert _a_minute_later() == 0
    thread.refresh_from_db()
    thread_seen(thread=thread, side="seller", last=last.pk)
    message_send(thread=thread, by=dora, text="Four")
    assert _a_minute_later() == 1
    assert "Four" in mail.outbox[-1].body
    assert "Three" not in mail.outbox[-1].body


def test_what_was_read_already_is_not_mailed(thread, seller, dora):
    message_send(thread=thread, by=dora, text="Hello")
    seller.get(f"/messages/{thread.code}/")
    assert _a_minute_later() == 0
    assert not Notice.objects.exists()


def test_strangers_links_do_not_go_out_in_our_mails(thread, dora):
    message_send(thread=thread, by=dora, text="Pay at https://bank.example")
    _a_minute_later()
    assert "bank.example" not in f"{mail.outbox[0].body}{mail.outbox[0].alternatives}"


def test_an_offer_is_named_in_the_subject_and_goes_on_the_queue_for_mails(thread, dora):
    offer_make(thread=thread, by=dora, price=8000)
    _a_minute_later()
    assert mail.outbox[0].subject.startswith("You have an offer")
    assert "Offer: 8\u202f000\u00a0€" in mail.outbox[0].body
    assert app.amqp.router.route({}, "marketplace.trade.tasks.send_mails")["queue"].name == "mail"


def test_closed_accounts_get_no_mail(thread, alice, dora):
    message_send(thread=thread, by=dora, text="Hello")
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert _a_minute_later() == 0
    assert Message.objects.count() == 1


def test_a_line_break_in_what_a_subject_names_forges_no_header_and_holds_up_no_mail(thread, dora):
    Thread.objects.update(listing_title="Golf\r\nBcc: victim@example.org")
    message_send(thread=thread, by=dora, text="Hello")
    assert _a_minute_later() == 1
    (sent,) = mail.outbox
    assert sent.subject == "New message: Golf Bcc: victim@example.org"
    assert sent.message()["Bcc"] is None
