"""Every reason why a listing is with the moderators, as a code with values."""

import pytest

from marketplace.listings.models import Listing
from marketplace.listings.services import listing_submit
from marketplace.moderation.models import Decision
from marketplace.moderation.reasons import BY_CODE, reasons_of
from marketplace.moderation.services import decision_make
from tests.factories import CarModelFactory, ListingFactory, PhotoFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict


def codes(listing):
    listing.refresh_from_db()
    return {found.code for found in reasons_of(listing)} - {"new_seller"}


@pytest.mark.parametrize(
    ("listing", "code"),
    [
        ({}, "unseen"),
        ({"said": verdict(("Skoda", "Octavia", 0.6))}, "unsure"),
        ({"said": verdict(("Skoda", "Octavia", 0.6), alike=("Volvo V70",))}, "alike"),
        ({"said": verdict(("Skoda", "Octavia", 0.97)), "contradicts": ANOTHER_CAR}, "contradiction"),
        ({"said": verdict(("Skoda", "Octavia", 0.97)), "photos": "failed"}, "failed"),
        ({"said": verdict(("Skoda", "Octavia", 0.97)), "chosen": False}, "filled"),
    ],
)
def test_what_lies_in_the_car(waiting, listing, code):
    made = waiting("Octavia", **listing)
    assert codes(made) == {code}
    words = [found.words for found in reasons_of(made)]
    assert all(words)
    assert "%(" not in " ".join(words)


def test_look_alikes_that_are_hardly_a_guess_are_no_more_than_unsure(waiting):
    said = verdict(("Skoda", "Octavia", 0.06), alike=("Volvo V70",))
    said["model"]["group_confidence"] = 0.12
    said["thresholds"]["model"] = 1.01  # no confidence is enough
    (found,) = [one for one in reasons_of(waiting("Fabia", said=said)) if one.code != "new_seller"]
    assert (found.code, found.values) == ("unsure", {"percent": 12, "threshold": 100})


def test_a_listing_without_doubt_has_none(waiting):
    assert codes(waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.97)))) == set()


def test_a_new_seller_is_one_until_a_car_was_approved(waiting, bob):
    first, second = waiting(), waiting()
    assert "new_seller" in {found.code for found in reasons_of(second)}
    decision_make(listing=first, moderator=bob, action="accept")
    assert "new_seller" not in {found.code for found in reasons_of(second)}


def test_what_was_on_sale_and_changed_says_so(waiting, bob, alice):
    listing = waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.97)))
    decision_make(listing=listing, moderator=bob, action="accept")
    Listing.objects.filter(pk=listing.pk).update(status=Listing.Status.DRAFT)
    listing.refresh_from_db()
    listing_submit(listing=listing, by=alice)
    assert codes(listing) == {"changed_live"}
    decision_make(listing=listing, moderator=bob, action="changes", reason="More photos.")
    listing_submit(listing=listing, by=alice)
    assert codes(listing) == {"changed_live", "sent_back"}


@pytest.mark.parametrize(("price", "is_out"), [(9_000, False), (30_000, False), (31_000, True), (3_000, True)])
def test_a_price_is_out_of_the_range_of_its_model(db, price, is_out):
    car = CarModelFactory()
    for number in range(9):
        ListingFactory(live=True, car_model=car, year=2012, price=8_000 + number * 500)
    listing = ListingFactory(submitted=True, car_model=car, year=2013, price=price)
    assert ("price" in codes(listing)) is is_out
    Listing.objects.filter(status="live").first().delete()
    Listing.objects.filter(status="live").first().delete()
    assert "price" not in codes(listing)  # too few to know a range


def test_a_decision_records_them_with_their_values(waiting, bob):
    listing = waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.6)))
    PhotoFactory(listing=listing, other=True)
    decision_make(listing=listing, moderator=bob, action="accept")
    stored = {one["code"]: one for one in Decision.objects.get().reasons}
    assert stored["unsure"] == {"code": "unsure", "percent": 60, "threshold": 90}
    assert stored["no_car"] == {"code": "no_car", "photos": 1}
    assert set(stored) <= set(BY_CODE)
