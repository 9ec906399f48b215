"""Photos that another seller has shown, too, go to a person."""

import pytest

from marketplace.moderation.copies import copies_check, copies_of
from marketplace.moderation.models import CopiedPhoto
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.selectors import queue
from marketplace.photos.models import Photo
from tests.factories import ListingFactory, PhotoFactory
from tests.moderation.conftest import verdict

SURE = verdict(("Skoda", "Octavia", 0.98))


@pytest.fixture
def stolen(waiting, charlie):
    """A listing whose photo is that of charlie's car, which is on sale; and that photo."""
    listing = waiting("Octavia", said=SURE)
    photo = listing.photos.get()
    other = PhotoFactory(listing=ListingFactory(seller=charlie, live=True), done=True)
    Photo.objects.filter(pk=other.pk).update(upload_sha256=photo.upload_sha256)
    return listing, other


def test_policy_leaves_a_copied_photo_to_people_however_sure_the_car_is(stolen):
    listing, other = stolen
    assert review_submitted() == 0
    listing.refresh_from_db()
    assert listing.status == "submitted"
    (copy,) = copies_of(listing=listing)
    assert (copy.other, copy.exact) == (other, True)


def test_the_moderator_sees_both_side_by_side_before_the_less_certain(stolen, waiting, bobs):
    listing, other = stolen
    waiting("Fabia", said=verdict(("Skoda", "Fabia", 0.3)))
    review_submitted()
    assert queue().first() == listing
    page = bobs.get(f"/moderate/{listing.code}/").content.decode()
    assert "1 photo is also in another seller" in page
    assert "The same file" in page
    assert f"/moderate/{other.listing.code}/" in page
    assert other.card.url in page
    assert listing.photos.get().card.url in page


def test_a_listing_handed_in_again_is_compared_again(stolen):
    _, other = stolen
    review_submitted()
    other.delete()
    assert not CopiedPhoto.objects.exists()
    assert review_submitted() == 1


def test_it_compares_each_listing_once(stolen, monkeypatch):
    review_submitted()
    monkeypatch.setattr("marketplace.moderation.copies.twins_elsewhere", None)
    review_submitted()


def test_what_is_taken_back_meanwhile_is_left_alone(stolen):
    listing, _ = stolen
    type(listing).objects.filter(pk=listing.pk).update(status="draft")
    assert not copies_check(listing=listing)
    assert not CopiedPhoto.objects.exists()
