"""The table of steps: what leads where, who may, and that each leaves a line in the history."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from marketplace.listings.life import services
from marketplace.listings.life.steps import (
    EDITABLE,
    RULES,
    TERM,
    ListingRefused,
    Role,
    Status,
    Step,
    step_take,
    steps_open,
)
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.services import listing_create
from tests.factories import ListingFactory, UserFactory

MOVES = [(step, before, after) for step, rule in RULES.items() for before, after in rule.moves.items()]
REFUSED = [(step, before) for step, rule in RULES.items() for before in Status if before not in rule.moves]


def taker(step, listing):
    """Somebody who may take this step."""
    return {Role.SELLER: listing.seller, Role.REVIEW: UserFactory(moderator=True), Role.CLOCK: None}[RULES[step].by]


@pytest.mark.parametrize(("step", "before", "after"), MOVES)
def test_each_step_leads_where_the_table_says_and_is_kept(db, step, before, after):
    listing = ListingFactory(**{before: True})
    by = taker(step, listing)
    step_take(listing=listing, step=step, by=by, words="As agreed.")
    assert listing.status == after
    listing.full_clean()
    change = StatusChange.objects.get()
    assert (change.step, change.before, change.after, change.actor, change.words) == (
        step, before, after, by, "As agreed."
    )  # fmt: skip


@pytest.mark.parametrize(("step", "before"), REFUSED)
def test_from_every_other_state_it_is_refused_and_nothing_is_written(db, step, before):
    listing = ListingFactory(**{before: True})
    with pytest.raises(ListingRefused, match="by now; nothing was changed"):
        step_take(listing=listing, step=step, by=taker(step, listing))
    assert Listing.objects.get().status == before
    assert not StatusChange.objects.exists()


@pytest.mark.parametrize(("step", "before", "after"), MOVES)
def test_nobody_else_may_take_it(db, step, before, after):
    listing = ListingFactory(**{before: True})
    others = {
        Role.SELLER: [None, UserFactory(), UserFactory(moderator=True)],
        Role.REVIEW: [UserFactory(), listing.seller],
        Role.CLOCK: [listing.seller, UserFactory(moderator=True)],
    }[RULES[step].by]
    for other in others:
        with pytest.raises(ListingRefused, match="Only "):
            step_take(listing=listing, step=step, by=other)
    assert Listing.objects.get().status == before


def test_a_moderator_does_not_approve_what_they_sell(db):
    listing = ListingFactory(submitted=True, seller__moderator=True)
    with pytest.raises(ListingRefused):
        services.listing_publish(listing=listing, by=listing.seller)


def test_every_state_but_the_first_is_reached_and_every_state_can_be_left(db):
    moves = [(before, after) for _, before, after in MOVES]
    assert {after for before, after in moves if before != after} == set(Status)
    assert {before for before, after in moves if before != after} == set(Status)
    assert {Status.DRAFT, Status.CHANGES, Status.REJECTED} == EDITABLE
    assert steps_open(listing=ListingFactory(live=True), role=Role.CLOCK) == [Step.EXPIRE]


def test_a_history_begins_with_the_draft(alice):
    listing = listing_create(seller=alice)
    change = listing.changes.get()
    assert (change.step, change.before, change.after, change.actor) == ("create", "", "draft", alice)


@pytest.mark.parametrize(
    ("there", "back", "state"),
    [
        ("listing_sell", "listing_unsell", "live"),
        ("listing_sell", "listing_unsell", "reserved"),
        ("listing_withdraw", "listing_put_back", "reserved"),
        ("listing_delete", "listing_restore", "rejected"),
        ("listing_delete", "listing_restore", "sold"),
        ("listing_delete", "listing_restore", "expired"),
    ],
)
def test_an_undo_leads_back_to_where_it_was(db, there, back, state):
    listing = ListingFactory(**{state: True})
    for _ in range(2):
        getattr(services, there)(listing=listing, by=listing.seller)
        getattr(services, back)(listing=listing, by=listing.seller)
        assert (listing.status, listing.deleted_at) == (state, None)


def test_a_renewal_gives_sixty_days_from_now_and_a_new_reminder(db):
    soon = timezone.now() + timedelta(days=3)
    listing = ListingFactory(reserved=True, expires_at=soon, reminded_at=timezone.now())
    published = listing.published_at
    services.listing_renew(listing=listing, by=listing.seller)
    assert listing.status == "reserved"
    assert abs(listing.expires_at - timezone.now() - TERM) < timedelta(minutes=1)
    assert (listing.reminded_at, listing.published_at) == (None, published)


@pytest.mark.parametrize(("left", "kept"), [(timedelta(days=3), True), (-timedelta(days=3), False)])
def test_what_is_put_back_keeps_its_days_unless_they_are_over(db, left, kept):
    end = timezone.now() + left
    listing = ListingFactory(withdrawn=True, expires_at=end)
    services.listing_put_back(listing=listing, by=listing.seller)
    assert (listing.expires_at == end) is kept
    assert listing.expires_at > timezone.now()


@pytest.mark.parametrize("state", [{"status": "lost"}, {"status": "deleted"}, {"deleted_at": timezone.now()}])
def test_the_database_takes_no_state_that_does_not_exist(db, state):
    ListingFactory(live=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Listing.objects.update(**state)


@pytest.mark.django_db(transaction=True)
def test_of_sold_and_withdrawn_pressed_at_once_exactly_one_wins():
    presses = [services.listing_sell, services.listing_withdraw]
    wins = []
    for _ in range(6):
        listing = ListingFactory(live=True)
        start = threading.Barrier(len(presses))
        outcomes: dict[str, str] = {}

        def press(service, listing=listing, start=start, outcomes=outcomes):
            try:
                mine = Listing.objects.get(pk=listing.pk)
                seller = mine.seller
                start.wait(10)
                try:
                    service(listing=mine, by=seller)
                    outcomes[service.__name__] = mine.status
                except ListingRefused as refused:
                    outcomes[service.__name__] = str(refused)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press, args=(service,)) for service in presses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        listing.refresh_from_db()
        won = [name for name, said in outcomes.items() if said == listing.status]
        lost = [said for said in outcomes.values() if said.endswith("by now; nothing was changed.")]
        assert (len(won), len(lost)) == (1, 1), (connection.vendor, outcomes)
        assert [change.after for change in listing.changes.all()] == [listing.status]
        wins += won
    assert len(wins) == 6


@pytest.mark.django_db(transaction=True)
def test_a_renewal_and_the_clock_at_once_leave_a_listing_that_is_on_sale_or_can_be_renewed():
    listing = ListingFactory(live=True, expires_at=timezone.now() - timedelta(seconds=1))
    start = threading.Barrier(3)

    def work(act):
        try:
            start.wait(10)
            act()
        finally:
            connections.close_all()

    def renew():
        mine = Listing.objects.get(pk=listing.pk)
        services.listing_renew(listing=mine, by=mine.seller)

    threads = [
        threading.Thread(target=work, args=(act,))
        for act in (renew, services.listings_expire, services.listings_expire)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    listing.refresh_from_db()
    assert listing.status == "live"
    assert listing.expires_at > timezone.now()
    assert StatusChange.objects.filter(step="expire").count() <= 1
    assert StatusChange.objects.filter(step="renew").count() == 1
