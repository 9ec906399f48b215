"""Sixteen moderators at one queue, at the same moment, on whichever database the suite runs."""

import os
import threading
from collections import Counter
from functools import partial

import pytest
from django.db import OperationalError, connection, connections

from marketplace.listings.models import Listing
from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.models import Claim, Decision
from marketplace.moderation.services import DecisionLate, decision_make, listing_claim, queue_next
from tests.factories import CarModelFactory, ListingFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 16


def at_once(work, people):
    """Each does the work in a thread of their own, all from the same moment on."""
    start = threading.Barrier(len(people))
    failed = []

    def run(one):
        try:
            start.wait(30)
            work(one)
        except Exception as error:  # noqa: BLE001  # in a thread it would only be printed
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []


def patient(do):
    """As the desk's outbox, which tries again what the site could not take: with sixteen writers
    and no pause between them SQLite's only write lock may not come in time."""
    for _ in range(20):
        try:
            return do()
        except OperationalError as error:
            assert connection.vendor == "sqlite", error
    raise AssertionError("The database was locked for minutes.")


def test_no_listing_is_decided_twice_and_none_is_lost(seller_of_many, capsys):
    """Each takes the next one, renews the claim and decides; the first one is undone and decided
    again.

    DESK_LISTINGS: how many listings.
    """
    listings = seller_of_many(int(os.environ.get("DESK_LISTINGS", "24")))
    late = []

    def work(moderator):
        undone = False
        while (listing := patient(lambda: queue_next(moderator=moderator))) is not None:
            decide = partial(decision_make, listing=listing, moderator=moderator, action="accept")
            try:
                assert patient(lambda: listing_claim(listing=listing, moderator=moderator))
                patient(decide)
            except DecisionLate as error:
                late.append(error)
                continue
            if not undone:
                patient(lambda: decision_undo(moderator=moderator))
                undone = True

    at_once(work, UserFactory.create_batch(PEOPLE, moderator=True))
    standing = Decision.objects.filter(undone_by=None).exclude(action="undo")
    times = Counter(standing.values_list("listing", flat=True))
    assert set(times) == {one.pk for one in listings}
    assert set(times.values()) == {1}
    assert late == []  # whoever holds a claim is never late
    assert set(Listing.objects.values_list("status", flat=True)) == {"live"}
    assert not Claim.objects.exists()
    with capsys.disabled():
        print(f"\n{PEOPLE} moderators × {len(listings)} listings on {connection.vendor}: 0 twice, 0 lost")


def test_of_many_who_decide_the_same_listing_one_is_heard_and_the_others_are_told(seller_of_many):
    (listing,) = seller_of_many(1)
    told = []

    def work(moderator):
        try:
            decision_make(listing=listing, moderator=moderator, action="accept")
        except DecisionLate as error:
            told.append(str(error))

    at_once(work, UserFactory.create_batch(PEOPLE, moderator=True))
    assert Decision.objects.count() == 1
    assert len(told) == PEOPLE - 1
    assert all(words.startswith(f"Too late: {Decision.objects.get().moderator} approved") for words in told)


def test_of_many_presses_of_undo_one_undoes(seller_of_many, bob):
    (listing,) = seller_of_many(1)
    made = decision_make(listing=listing, moderator=bob, action="accept")
    late = []

    def work(_):
        try:
            decision_undo(moderator=bob, decision=made)
        except DecisionLate as error:
            late.append(error)

    at_once(work, range(8))
    assert Decision.objects.filter(action="undo").count() == 1
    assert len(late) == 7


@pytest.fixture
def seller_of_many(alice):
    def make(number):
        car = CarModelFactory()
        return ListingFactory.create_batch(number, seller=alice, submitted=True, car_model=car)

    return make
