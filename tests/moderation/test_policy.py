"""What policy approves by itself."""

import pytest

from marketplace.listings.life.services import listing_take_back
from marketplace.listings.models import Listing
from marketplace.listings.services import REVIEW_SUBMITTED, listing_submit, listing_update
from marketplace.moderation.models import Decision
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.services import decision_make, listing_claim
from tests.factories import PhotoFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict

SURE = verdict(("Skoda", "Octavia Combi", 0.97), ("Skoda", "Fabia", 0.02))


def test_it_publishes_what_photos_and_seller_agree_on(waiting):
    listing = waiting("Octavia", said=SURE)
    assert review_submitted() == 1
    listing.refresh_from_db()
    assert listing.status == Listing.Status.LIVE
    assert listing.published_at is not None
    decision = Decision.objects.get()
    assert (decision.action, decision.moderator, decision.predicted) == ("auto", None, SURE)
    assert str(decision.car_model) == "Octavia"


def test_it_does_nothing_the_second_time(waiting):
    waiting("Octavia", said=SURE)
    assert (review_submitted(), review_submitted()) == (1, 0)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    "doubt",
    [
        {"said": None},
        {"said": verdict(("Skoda", "Octavia", 0.89))},
        {"said": verdict(("Skoda", "Fabia", 0.99))},
        {"said": verdict(("Moskvich", "412", 0.99))},
        {"said": SURE, "contradicts": ANOTHER_CAR},
        {"said": SURE, "photos": "pending"},
        {"said": {**SURE, "photos_used": 0}},
        {"said": verdict(("Skoda", "Octavia", 0.97), alike=("Volvo V70",))},
        {"said": SURE, "photos": "failed"},
        {"said": SURE, "chosen": False},
    ],
    ids=[
        "nothing seen",
        "unsure",
        "another model",
        "unknown car",
        "contradiction",
        "still looking",
        "no usable photo",
        "look-alikes",
        "a photo that failed",
        "filled in from the photos",
    ],
)
def test_it_leaves_doubt_to_people(waiting, doubt):
    listing = waiting("Octavia", **doubt)
    assert review_submitted() == 0
    listing.refresh_from_db()
    assert listing.status == Listing.Status.SUBMITTED
    assert not Decision.objects.exists()


def test_a_photo_without_a_car_is_left_to_people_however_sure_the_others_are(waiting):
    listing = waiting("Octavia", said=SURE)
    PhotoFactory(listing=listing, other=True)
    assert review_submitted() == 0
    listing.photos.filter(kind="other").update(kind="interior")
    assert review_submitted() == 1


def test_it_leaves_alone_what_a_moderator_is_looking_at(waiting, bob):
    assert listing_claim(listing=waiting("Octavia", said=SURE), moderator=bob)
    assert review_submitted() == 0


def test_the_seller_must_have_chosen_both_make_and_model(waiting):
    listing = waiting("Octavia", said=SURE)
    Listing.objects.update(touched=["make", "place"], autofilled=["car_model"])
    assert review_submitted() == 0
    Listing.objects.update(status=Listing.Status.DRAFT)
    octavia = {"make": listing.make, "car_model": listing.car_model}
    listing_update(listing=listing, values=octavia)  # a whole form, sent as the photos filled it in
    listing_submit(listing=listing, by=listing.seller)
    assert review_submitted() == 0
    listing_take_back(listing=listing, by=listing.seller)
    listing_update(listing=listing, values=octavia, pointed_at=octavia)
    listing_submit(listing=listing, by=listing.seller)
    assert review_submitted() == 1


def test_a_withdrawal_lets_go_of_the_moderators_claim(waiting, bob, monkeypatch, django_capture_on_commit_callbacks):
    rings = []
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda name, **_: rings.append(name))
    listing = waiting("Octavia", said=SURE)
    assert listing_claim(listing=listing, moderator=bob)
    with django_capture_on_commit_callbacks(execute=True):
        listing_take_back(listing=listing, by=listing.seller)
    assert rings == [REVIEW_SUBMITTED]
    assert review_submitted() == 0
    listing_submit(listing=listing, by=listing.seller)
    assert review_submitted() == 1


@pytest.mark.parametrize("action", ["reject", "changes"])
def test_it_leaves_to_people_what_a_person_sent_back_before(waiting, bob, action):
    listing = waiting("Octavia", said=SURE)
    decision_make(listing=listing, moderator=bob, action=action, reason="Photos from a catalogue.")
    Listing.objects.filter(pk=listing.pk).update(status=Listing.Status.SUBMITTED)
    assert review_submitted() == 0


def test_it_can_be_turned_off(waiting, settings):
    settings.MODERATION_AUTO_APPROVE = False
    waiting("Octavia", said=SURE)
    assert review_submitted() == 0
