"""Who reviews what, and in which order."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from marketplace.moderation.models import Claim
from marketplace.moderation.selectors import queue
from marketplace.moderation.services import claim_release, listing_claim, queue_next
from tests.factories import ClaimFactory, UserFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict


def test_it_puts_the_least_certain_first(waiting):
    sure = waiting(said=verdict(("Skoda", "Octavia", 0.8)))
    unsure = waiting(said=verdict(("Skoda", "Octavia", 0.2)))
    contradicted = waiting(said=verdict(("Volvo", "V70", 0.99)), contradicts=ANOTHER_CAR)
    looking = waiting(photos="pending")
    unseen = waiting()
    assert list(queue()) == [unseen, contradicted, unsure, sure, looking]


def test_it_gives_a_moderator_what_they_already_hold(waiting, bob):
    held = waiting(said=verdict(("Skoda", "Octavia", 0.8)))
    listing_claim(listing=held, moderator=bob)
    waiting(said=verdict(("Skoda", "Octavia", 0.2)))
    assert queue_next(moderator=bob) == held
    assert queue_next(moderator=bob, skip=[held.code]) != held


def test_it_hides_what_others_hold_until_their_claim_expires(waiting, bob, charlie):
    listing = waiting()
    assert queue_next(moderator=charlie) == listing
    assert queue_next(moderator=bob) is None
    assert not listing_claim(listing=listing, moderator=bob)
    Claim.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert queue_next(moderator=bob) == listing
    assert Claim.objects.get().moderator == bob


def test_it_hands_on_what_is_released(waiting, bob, charlie):
    listing = waiting()
    listing_claim(listing=listing, moderator=charlie)
    claim_release(listing=listing, moderator=bob)  # not theirs to release
    assert queue_next(moderator=bob) is None
    claim_release(listing=listing, moderator=charlie)
    assert queue_next(moderator=bob) == listing


def test_it_never_gives_a_moderator_their_own_listing(waiting, alice):
    listing = waiting()
    assert queue_next(moderator=alice) is None
    assert not listing_claim(listing=listing, moderator=alice)


@pytest.mark.django_db(transaction=True)
def test_it_gives_each_listing_to_one_of_many_moderators(waiting):
    """Eight moderators ask at the same time, again and again; no listing goes to two."""
    total, people = 40, 8
    for _ in range(total):
        waiting()
    moderators = UserFactory.create_batch(people, moderator=True)
    given: list[tuple[int, int]] = []
    start = threading.Barrier(people)

    def work(moderator):
        try:
            start.wait(10)
            skip = []
            while (listing := queue_next(moderator=moderator, skip=skip)) is not None:
                given.append((listing.pk, moderator.pk))
                skip.append(listing.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(one,)) for one in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({listing for listing, _ in given}) == total, connection.vendor
    assert len(given) == total


@pytest.mark.django_db(transaction=True)
def test_it_gives_an_expired_claim_to_one_of_many(waiting, charlie):
    listing = waiting()
    ClaimFactory(listing=listing, moderator=charlie, expired=True)
    moderators = UserFactory.create_batch(8, moderator=True)
    start = threading.Barrier(8)
    won = []

    def work(moderator):
        try:
            start.wait(10)
            if listing_claim(listing=listing, moderator=moderator):
                won.append(moderator.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(one,)) for one in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert won == [Claim.objects.get().moderator_id]
