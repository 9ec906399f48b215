"""Mails to sellers: queued with what happened, sent once by a worker."""

import threading
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connections, transaction
from django.utils import timezone

from marketplace.celery import app
from marketplace.listings.life.mails import SEND_MAILS, WORDS, Kind, mail_queue, mails_send
from marketplace.listings.life.services import (
    listing_ask_changes,
    listing_publish,
    listing_reject,
    listing_renew,
    listings_sweep,
)
from marketplace.listings.models import Listing, SellerMail
from marketplace.listings.tasks import send_mails
from tests.factories import ListingFactory, UserFactory


@pytest.fixture
def waiting(alice):
    return ListingFactory(seller=alice, submitted=True)


def test_a_listing_that_goes_live_is_told_with_a_link(waiting, settings):
    settings.SITE_URL = "https://cars.example"
    listing_publish(listing=waiting, by=None)
    assert mails_send() == 1
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.org"], f"Your {waiting.title} is live")
    assert "Hello Alice," in sent.body
    assert f"{waiting.expires_at:%-d %B %Y}" in sent.body
    assert "My cars: https://cars.example/my/" in sent.body
    ((html, kind),) = sent.alternatives
    assert kind == "text/html"
    assert '<a href="https://cars.example/my/">' in html


@pytest.mark.parametrize(("act", "word"), [(listing_ask_changes, "words"), (listing_reject, "reason")])
def test_what_is_sent_back_is_told_in_the_moderators_words(waiting, bob, act, word):
    act(listing=waiting, by=bob, **{word: "Show <all> of it & the plate."})
    mails_send()
    (sent,) = mail.outbox
    assert "Show <all> of it & the plate." in sent.body
    assert "Show &lt;all&gt; of it &amp; the plate." in sent.alternatives[0][0]
    assert f"/sell/{waiting.code}/" in sent.body
    assert "bob" not in f"{sent.body}{sent.alternatives}".lower()


def test_each_mail_is_sent_once(waiting):
    listing_publish(listing=waiting, by=None)
    assert (mails_send(), mails_send()) == (1, 0)
    assert SellerMail.objects.get().sent_at is not None


def test_a_week_before_the_end_there_is_one_reminder_a_term(alice):
    listing = ListingFactory(seller=alice, live=True, expires_at=timezone.now() + timedelta(days=6))
    ListingFactory(seller=alice, live=True, expires_at=timezone.now() + timedelta(days=8))
    assert listings_sweep()["reminded"] == 1
    assert listings_sweep()["reminded"] == 0
    mails_send()
    assert [sent.subject for sent in mail.outbox] == [f"Your {listing.title} ends soon"]
    listing.refresh_from_db()
    listing_renew(listing=listing, by=alice)
    assert listings_sweep()["reminded"] == 0
    Listing.objects.update(expires_at=timezone.now() + timedelta(days=7))
    assert listings_sweep()["reminded"] == 2


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda listing: Listing.objects.update(status="expired"),
        lambda listing: listing_renew(listing=listing, by=listing.seller),
        lambda listing: Listing.objects.update(status="sold"),
        lambda listing: type(listing.seller).objects.update(is_active=False),
    ],
)
def test_what_is_true_no_more_is_not_sent(alice, meanwhile):
    listing = ListingFactory(seller=alice, live=True, expires_at=timezone.now() + timedelta(days=6))
    listings_sweep()
    meanwhile(listing)
    assert mails_send() == 0
    assert mail.outbox == []
    assert not SellerMail.objects.exists()


def test_a_server_that_is_away_is_tried_again_later(waiting, monkeypatch):
    def away(self):
        raise SMTPServerDisconnected("closed")

    listing_publish(listing=waiting, by=None)
    mail_queue(listing=waiting, kind=Kind.LIVE)
    mail_queue(listing=waiting, kind=Kind.REJECTED)  # true no more, and so nothing to wait for
    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", away)
        assert mails_send() == 0
    assert sorted(SellerMail.objects.values_list("attempts", flat=True)) == [0, 0, 1]  # the second did not wait for it
    assert mails_send() == 1  # the first waits some minutes more
    SellerMail.objects.filter(sent_at=None).update(next_try_at=timezone.now())
    assert mails_send() == 1


def test_one_address_that_is_refused_stops_no_other(waiting, monkeypatch):
    send = EmailMultiAlternatives.send

    def choosy(self):
        if "alice" in self.to[0]:
            raise SMTPRecipientsRefused({})
        return send(self)

    monkeypatch.setattr(EmailMultiAlternatives, "send", choosy)
    listing_publish(listing=waiting, by=None)
    listing_publish(listing=ListingFactory(submitted=True), by=None)
    assert mails_send() == 1


def test_what_is_rolled_back_is_not_mailed(waiting):
    with pytest.raises(RuntimeError), transaction.atomic():
        listing_publish(listing=waiting, by=None)
        raise RuntimeError
    assert not SellerMail.objects.exists()


def test_every_kind_has_words_and_its_task_a_queue():
    assert set(WORDS) == set(Kind)
    assert app.amqp.router.route({}, SEND_MAILS)["queue"].name == "mail"
    assert send_mails.name == SEND_MAILS


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_mail_once(monkeypatch):
    sent = []
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda self: sent.append(self.to[0]))
    for _ in range(8):
        listing_publish(listing=ListingFactory(submitted=True, seller=UserFactory()), by=None)
    start = threading.Barrier(2)

    def work():
        try:
            start.wait(10)
            mails_send()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sent) == len(set(sent)) == 8
