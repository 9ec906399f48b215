"""Undo: a new decision, after which everything is as it was."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.listings.life.services import listing_sell
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.models import Claim, Decision
from marketplace.moderation.services import Circumstances, DecisionLate, DecisionRefused, decision_make
from marketplace.training.labels.decisions import newest_decisions
from tests.factories import UserFactory
from tests.factories.listings import ANOTHER_CAR

NAMED = ("make", "car_model", "other_make", "other_model", "touched", "autofilled", "contradicts")


def state(listing):
    listing.refresh_from_db()
    return listing.status, *(getattr(listing, name) for name in NAMED)


@pytest.mark.parametrize("action", ["accept", "correct", "reject", "changes"])
def test_the_listing_waits_again_as_it_was_and_its_label_is_withdrawn(waiting, bob, cars, action):
    listing = waiting("Octavia", contradicts=ANOTHER_CAR, chosen=False)
    before = state(listing)
    volvo = cars["V70"]
    car = {"make": volvo.make, "car_model": volvo} if action == "correct" else {}
    around = Circumstances(templates=["wrong_car"], seconds=2.5) if action in {"reject", "changes"} else None
    made = decision_make(listing=listing, moderator=bob, action=action, around=around, **car)
    assert state(listing) != before
    undone = decision_undo(moderator=bob)
    assert state(listing) == before
    assert (undone.action, undone.undoes, undone.moderator) == ("undo", made, bob)
    assert (listing.published_at, listing.reject_reason) == (None, "")
    assert Claim.objects.get().moderator == bob
    assert newest_decisions()[listing.pk] == undone  # so nothing is learned from the first one
    with pytest.raises(DecisionRefused, match="nothing to undo"):
        decision_undo(moderator=bob)


def test_only_ones_own_and_only_for_an_hour(waiting, bob, charlie, monkeypatch):
    made = decision_make(listing=waiting(), moderator=bob, action="accept")
    with pytest.raises(DecisionRefused, match="of your own"):
        decision_undo(moderator=UserFactory(moderator=True), decision=made)
    monkeypatch.setattr("marketplace.moderation.decisions.undo.UNDO_WITHIN", timedelta(0))
    with pytest.raises(DecisionRefused, match="more than an hour ago"):
        decision_undo(moderator=bob, decision=made)


def test_it_is_late_when_the_seller_went_on(waiting, bob, alice):
    listing = waiting()
    made = decision_make(listing=listing, moderator=bob, action="accept")
    listing_sell(listing=listing, by=alice)
    with pytest.raises(DecisionLate, match="is sold by now"):
        decision_undo(moderator=bob, decision=made)
    assert not Decision.objects.filter(action="undo").exists()
    listing.refresh_from_db()
    assert listing.status == Listing.Status.SOLD


def test_unsure_leaves_it_to_others_until_undone(waiting, bob):
    from marketplace.moderation.services import queue_next

    listing = waiting()
    decision_make(listing=listing, moderator=bob, action="unsure")
    assert queue_next(moderator=bob) is None
    decision_undo(moderator=bob)
    assert queue_next(moderator=bob) == listing
    Claim.objects.all().delete()
    decision_make(listing=listing, moderator=bob, action="unsure")
    assert queue_next(moderator=UserFactory(moderator=True)) == listing


def test_the_page_goes_back_to_it(bobs, waiting, charlie, client):
    listing = waiting()
    seen = {"seen": listing.submitted_at.isoformat()}
    bobs.post(reverse("moderation:decide", args=[listing.code]), {**seen, "action": "accept", "seconds": "3.4"})
    made = Decision.objects.get()
    assert (made.seconds, made.role) == (3.4, "moderator")
    answer = bobs.post(reverse("moderation:undo"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("moderation:review", args=[listing.code])
    assert f"{listing.code}: undone." in answer.content.decode()
    late = bobs.post(reverse("moderation:undo"), headers={"X-Desk": "1"})
    assert (late.status_code, "nothing to undo" in late.json()["words"]) == (422, True)
    client.force_login(charlie)
    assert client.post(reverse("moderation:undo")).status_code == 404


def test_what_was_decided_keeps_its_circumstances(waiting, bob):
    listing = waiting(contradicts=ANOTHER_CAR)
    decision_make(listing=listing, moderator=bob, action="accept", around=Circumstances(seconds=99_999))
    decision = Decision.objects.get()
    assert [one["code"] for one in decision.reasons][:1] == ["contradiction"]
    assert decision.facts == {"named": True, "seller_cars": 0}
    assert decision.seconds == 3600
    assert decision.created_at <= timezone.now()
