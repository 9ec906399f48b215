"""A seller's quotas: photos in an hour, megabytes, drafts."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.listings.services import DraftsFull, listing_create
from marketplace.photos.models import Photo
from marketplace.photos.services import PhotoRejected, photo_add

JSON = {"Accept": "application/json"}


def add(listing, encoded, width=100):
    return photo_add(listing=listing, data=encoded(width=width), filename="a.jpg")


def test_photos_within_an_hour_are_limited_over_all_listings(alice, charlie, encoded, rings, media, settings):
    settings.SELLER_PHOTOS_PER_HOUR = 2
    first, second = (add(listing_create(seller=alice), encoded) for _ in range(2))
    with pytest.raises(PhotoRejected, match=r"added 2 photos within an hour, which is the limit\. Go on in 60 min"):
        add(first.listing, encoded, 101)
    assert add(listing_create(seller=charlie), encoded)  # somebody else's are not counted
    Photo.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    assert add(second.listing, encoded, 102)


def test_the_page_is_told_429_and_what_is_reached(client, alice, encoded, rings, media, settings):
    settings.SELLER_PHOTOS_PER_HOUR = 1
    photo = add(listing_create(seller=alice), encoded)
    client.force_login(alice)
    upload = SimpleUploadedFile("b.jpg", encoded(width=101), content_type="image/jpeg")
    answer = client.post(f"/sell/{photo.listing.code}/photos/", {"photo": upload}, headers=JSON)
    assert answer.status_code == 429
    assert "which is the limit" in answer.json()["message"]


def test_megabytes_are_limited(alice, encoded, rings, media, settings):
    listing = listing_create(seller=alice)
    photo = add(listing, encoded)
    settings.SELLER_MB = 1
    assert add(listing, encoded, 101)
    Photo.objects.filter(pk=photo.pk).update(width=2048, height=2048)
    with pytest.raises(PhotoRejected, match="Your photos take 1 MB, which is the limit"):
        add(listing, encoded, 102)


def test_drafts_are_limited_and_only_drafts(client, alice, settings):
    settings.SELLER_DRAFTS = 2
    first = listing_create(seller=alice)
    listing_create(seller=alice)
    with pytest.raises(DraftsFull, match="You have 2 drafts"):
        listing_create(seller=alice)
    Listing.objects.filter(pk=first.pk).update(status=Listing.Status.SOLD)
    assert listing_create(seller=alice)


def test_the_page_says_that_there_are_too_many_drafts(client, alice, rings, settings, encoded):
    settings.SELLER_DRAFTS = 1
    add(listing_create(seller=alice), encoded)
    client.force_login(alice)
    answer = client.post("/sell/", follow=True)
    assert answer.redirect_chain[-1][0] == "/my/"
    assert "You have 1 drafts, which is the limit. Submit or delete one first." in answer.content.decode()
