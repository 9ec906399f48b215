"""What the photos say of view and body: stored, and together the verdict's body type."""

import pytest

from classifier.taxonomy import Guess
from marketplace.listings.services import listing_update
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.recognition.queue import photo_finish, photos_claim
from marketplace.photos.services import photo_remove
from tests.factories import PhotoFactory

ESTATE = (Guess("wagon", 0.9), Guess("hatchback", 0.07), Guess("suv", 0.03))
UNSURE = (Guess("hatchback", 0.5), Guess("wagon", 0.45), Guess("suv", 0.05))


@pytest.fixture
def finish(listing, champion, said, rings):
    """``finish(ESTATE)``: one more photo, of which this was said."""

    def one(bodies=(), *, threshold=0.85, **more):
        photo = PhotoFactory(listing=listing)
        [claimed] = photos_claim(limit=1)
        recognition = said(0.98, 0.01, 0.01, bodies=bodies, **more)
        assert photo_finish(
            photo_id=claimed.pk, attempt=1, recognition=recognition, version=champion, body_threshold=threshold
        )
        listing.refresh_from_db()
        return photo

    return one


def test_it_stores_view_and_bodies(finish):
    prediction = finish(ESTATE, view=Guess("front-left", 0.83)).predictions.get()
    assert (prediction.view, prediction.view_confidence) == ("front-left", 0.83)
    assert prediction.bodies == [["wagon", 0.9], ["hatchback", 0.07], ["suv", 0.03]]
    assert (prediction.body, prediction.body_threshold) == (ESTATE[0], 0.85)


def test_a_model_that_says_neither_leaves_both_empty(finish, listing):
    prediction = finish(threshold=1.01).predictions.get()
    assert (prediction.view, prediction.view_confidence) == ("", None)
    assert (prediction.bodies, prediction.body, prediction.body_threshold) == ([], None, None)
    assert listing.verdict["body"] is None
    assert (listing.body, listing.autofilled) == ("", [])


def test_the_photos_fill_the_body_in_together(finish, listing):
    finish(UNSURE)
    assert listing.verdict["body"] == {"name": "hatchback", "confidence": pytest.approx(0.5), "threshold": 0.85}
    assert listing.body == ""
    finish(ESTATE), finish(ESTATE)
    assert listing.verdict["body"]["name"] == "wagon"
    assert (listing.body, listing.autofilled) == ("wagon", ["body"])


def test_photos_of_before_say_nothing_about_the_body(finish, listing):
    for _ in range(3):
        finish()
    finish(ESTATE)
    assert listing.verdict["body"]["confidence"] == pytest.approx(0.9)
    assert listing.body == "wagon"


def test_it_goes_with_the_photo_that_said_it(finish, listing):
    finish()
    photo = finish(ESTATE)
    assert listing.body == "wagon"
    photo_remove(photo=photo)
    listing.refresh_from_db()
    assert (listing.body, listing.verdict["body"], listing.autofilled) == ("", None, [])


def test_what_was_filled_in_is_said_aloud(finish, listing, client, alice):
    finish(ESTATE)
    client.force_login(alice)
    page = client.get(f"/sell/{listing.code}/photos/tiles/", headers={"HX-Request": "true"}).content.decode()
    aloud = " ".join(page[page.index('id="live"') : page.index("car-fields", page.index('id="live"'))].split())
    assert "Filled in from the photos: Estate." in aloud
    assert "Unnamed car" not in aloud


def test_what_the_seller_typed_meanwhile_stays(finish, listing):
    finish(ESTATE)
    listing_update(listing=listing, values={"body": "suv"})
    finish(ESTATE)
    assert (listing.body, "body" in listing.autofilled) == ("suv", False)


def test_the_stricter_threshold_counts_where_two_models_answered(finish, listing):
    finish(ESTATE, threshold=0.99), finish(ESTATE, threshold=0.5)
    assert listing.verdict["body"]["threshold"] == 0.99


def test_a_body_that_the_site_does_not_know_is_not_filled_in(finish, listing):
    finish((Guess("hovercraft", 1.0),), threshold=0.5)
    assert listing.verdict["body"]["name"] == "hovercraft"
    assert listing.body == ""


def test_a_later_attempt_replaces_what_was_said(finish, listing, champion, said):
    photo = finish(ESTATE)
    Photo.objects.filter(pk=photo.pk).update(status="claimed")
    photo_finish(photo_id=photo.pk, attempt=1, recognition=said(0.98, 0.01, 0.01), version=champion)
    assert Prediction.objects.get().bodies == []
