"""What a decision does, and what is recorded of it."""

import pytest
from django.db import IntegrityError, transaction

from marketplace.listings.models import Listing
from marketplace.moderation.models import AppendOnlyError, Claim, Decision
from marketplace.moderation.services import DecisionRefused, decision_make, listing_claim
from tests.factories import DecisionFactory, ModelVersionFactory, UserFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict


def test_it_accepts_what_the_seller_says(waiting, bob, cars):
    said = verdict(("Skoda", "Octavia", 0.4))
    version = ModelVersionFactory(version=said["version"])
    listing = waiting("Octavia", said=said)
    listing_claim(listing=listing, moderator=bob)
    decision = decision_make(listing=listing, moderator=bob, action="accept")
    listing.refresh_from_db()
    assert (listing.status, listing.car_model) == (Listing.Status.LIVE, cars["Octavia"])
    assert (decision.action, decision.car_model, decision.moderator) == ("accept", cars["Octavia"], bob)
    assert (decision.predicted, decision.model_version) == (said, version)
    assert (decision.stated_make, decision.stated_model) == (cars["Octavia"].make, cars["Octavia"])
    assert not Claim.objects.exists()


def test_it_corrects_to_another_make(waiting, bob, cars):
    listing = waiting("Octavia", contradicts=ANOTHER_CAR)
    volvo = cars["V70"]
    decision = decision_make(listing=listing, moderator=bob, action="correct", make=volvo.make, car_model=volvo)
    listing.refresh_from_db()
    assert (listing.status, listing.make, listing.car_model) == (Listing.Status.LIVE, volvo.make, volvo)
    assert listing.contradicts is None
    assert (decision.stated_model, decision.car_model) == (cars["Octavia"], volvo)


def test_it_calls_a_candidate_that_the_seller_stated_accepted(waiting, bob, cars):
    car = cars["Octavia"]
    decision = decision_make(
        listing=waiting("Octavia"), moderator=bob, action="correct", make=car.make, car_model=car
    )  # fmt: skip
    assert decision.action == "accept"


def test_it_rejects_with_a_reason_that_the_seller_reads(waiting, bob):
    listing = waiting()
    decision_make(listing=listing, moderator=bob, action="reject", reason="  No photo of the car. ")
    listing.refresh_from_db()
    assert (listing.status, listing.reject_reason) == (Listing.Status.REJECTED, "No photo of the car.")


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ({"action": "reject", "reason": "  "}, "Say why"),
        ({"action": "correct"}, "Choose a make"),
        ({"action": "auto"}, "no decision called"),
    ],
)
def test_it_refuses_what_says_too_little(waiting, bob, wish, answer):
    with pytest.raises(DecisionRefused, match=answer):
        decision_make(listing=waiting(), moderator=bob, **wish)
    assert not Decision.objects.exists()


def test_it_refuses_a_model_of_another_make(waiting, bob, cars):
    with pytest.raises(DecisionRefused, match="not a model of"):
        decision_make(
            listing=waiting(), moderator=bob, action="correct", make=cars["V70"].make, car_model=cars["Fabia"]
        )


def test_it_tells_the_second_moderator_what_the_first_decided(waiting, bob):
    listing = waiting("Octavia")
    decision_make(listing=listing, moderator=UserFactory(moderator=True, display_name="Dora"), action="accept")
    with pytest.raises(DecisionRefused, match=r"Too late: Dora approved this listing as Škoda Octavia at \d\d:\d\d"):
        decision_make(listing=listing, moderator=bob, action="reject", reason="No.")
    assert Decision.objects.count() == 1


def test_it_refuses_while_another_moderator_holds_the_listing(waiting, bob, charlie):
    listing = waiting()
    listing_claim(listing=listing, moderator=charlie)
    with pytest.raises(DecisionRefused, match="Charlie is looking at this listing"):
        decision_make(listing=listing, moderator=bob, action="accept")


def test_it_says_that_the_seller_took_it_back(waiting, bob):
    listing = waiting()
    Listing.objects.update(status=Listing.Status.DRAFT)
    with pytest.raises(DecisionRefused, match="The seller took this listing back"):
        decision_make(listing=listing, moderator=bob, action="accept")


def test_it_does_not_let_people_review_their_own(waiting, alice):
    with pytest.raises(DecisionRefused, match="your own listing"):
        decision_make(listing=waiting(), moderator=alice, action="accept")


def test_it_keeps_decisions_as_they_were_made(waiting, bob):
    decision = decision_make(listing=waiting(), moderator=bob, action="accept")
    decision.reason = "changed my mind"
    for change in (
        decision.save,
        decision.delete,
        Decision.objects.all().delete,
        lambda: Decision.objects.update(reason="x"),
    ):
        with pytest.raises(AppendOnlyError):
            change()
    with pytest.raises(IntegrityError, match="decision_reject_has_reason"), transaction.atomic():
        DecisionFactory(reject=True, reason="")


def test_it_outlives_the_listing(waiting, bob):
    listing = waiting()
    decision_make(listing=listing, moderator=bob, action="reject", reason="No.")
    code = listing.code
    Listing.objects.get(pk=listing.pk).delete()
    decision = Decision.objects.get()
    assert (decision.listing, decision.listing_code) == (None, code)
