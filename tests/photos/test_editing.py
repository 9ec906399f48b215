"""Turning and removing photos, and which of them is the cover."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from marketplace.photos.models import Photo
from marketplace.photos.recognition.queue import photo_finish
from marketplace.photos.services import (
    PhotoRejected,
    photo_add,
    photo_restore,
    photo_rotate,
    photo_set_aside,
    photos_reorder,
)
from marketplace.photos.tidy import photos_tidy
from tests.factories import PhotoFactory, PredictionFactory

HTMX = {"HX-Request": "true"}


def order(listing):
    return list(listing.photos.values_list("pk", flat=True))


def seen(listing, view, *, box=(100, 100, 540, 400), **fields):
    photo = PhotoFactory(listing=listing, done=True, **fields)
    PredictionFactory(photo=photo, view=view, view_confidence=0.9, box=list(box))
    return photo


def finish(photo, version, said):
    Photo.objects.filter(pk=photo.pk).update(status="claimed", attempts=1)
    return photo_finish(photo_id=photo.pk, attempt=1, recognition=said, version=version)


def test_a_photo_is_turned_to_the_right_and_looked_at_again(
    listing, encoded, rings, django_capture_on_commit_callbacks
):
    old = photo_add(listing=listing, data=encoded(width=600, height=400), filename="a.jpg")
    Photo.objects.filter(pk=old.pk).update(status="done", outcome="ok", chosen_cover=True)
    old.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        photo_rotate(photo=old, quarters=1)
    new = Photo.objects.get()
    assert (new.width, new.height, new.status, new.outcome) == (400, 600, "pending", "")
    assert (new.position, new.chosen_cover, new.upload_sha256) == (old.position, True, old.upload_sha256)
    assert not default_storage.exists(old.file.name)
    with Image.open(new.file.open()) as picture:
        assert not picture.getexif()
        # What was blue, at the top left, is at the top right now.
        red, _, blue = picture.convert("RGB").getpixel((390, 10))
        assert blue > 200 > red
    # The same upload again is still this photo.
    assert photo_add(listing=listing, data=encoded(width=600, height=400), filename="a.jpg") == new


def test_what_was_recognised_of_the_old_picture_has_nowhere_to_go(listing, encoded, champion, said):
    old = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    Photo.objects.filter(pk=old.pk).update(status="claimed", attempts=1)
    photo_rotate(photo=old, quarters=2)
    late = photo_finish(photo_id=old.pk, attempt=1, recognition=said(0.98, 0.01, 0.01), version=champion)
    assert not late
    assert Photo.objects.get().status == "pending"


def test_a_second_press_turns_nothing(listing, encoded, media):
    old = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert photo_rotate(photo=old, quarters=1)
    assert photo_rotate(photo=old, quarters=1) is None
    assert len(list((media / "photos").iterdir())) == 1 + 1  # the old one goes on commit


@pytest.mark.parametrize("change", [photo_set_aside, lambda photo: photo_rotate(photo=photo, quarters=1)])
def test_photos_of_what_was_handed_in_stay(listing, encoded, change):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    listing.status = "submitted"
    listing.save()
    assert not change(photo=photo)
    assert order(listing) == [photo.pk]


def test_removing_can_be_undone_in_the_old_place_and_not_for_ever(seller, listing):
    first, second = (PhotoFactory(listing=listing, position=place, with_files=True) for place in range(2))
    page = seller.post(f"/sell/{listing.code}/photos/{first.pk}/delete/", headers=HTMX).content.decode()
    assert "A photo was removed." in page
    assert order(listing) == [second.pk]
    assert seller.get(f"/identify/{first.pk}/").status_code == 404  # nobody's question
    seller.post(f"/sell/{listing.code}/photos/{first.pk}/restore/", headers=HTMX)
    assert order(listing) == [first.pk, second.pk]
    assert "was removed" not in seller.get(f"/sell/{listing.code}/").content.decode()
    photo_set_aside(photo=first)
    Photo.objects.filter(pk=first.pk).update(removed_at=timezone.now() - timedelta(hours=2))
    assert photos_tidy()["removed"] == 1
    assert not photo_restore(listing=listing, photo_id=first.pk)
    assert seller.post(f"/sell/{listing.code}/photos/{first.pk}/restore/").status_code == 404


def test_the_outsider_restores_nothing(client, listing, charlie):
    photo = PhotoFactory(listing=listing)
    photo_set_aside(photo=photo)
    client.force_login(charlie)
    assert client.post(f"/sell/{listing.code}/photos/{photo.pk}/restore/").status_code == 404


def test_what_was_uploaded_again_meanwhile_comes_back_once(listing, encoded):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    photo_set_aside(photo=photo)
    again = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert photo_restore(listing=listing, photo_id=photo.pk)
    assert list(Photo.objects.all()) == [again]


def test_a_full_listing_says_so_when_something_is_to_come_back(seller, listing, settings):
    settings.PHOTOS_PER_LISTING = 1
    photo = PhotoFactory(listing=listing, with_files=True)
    photo_set_aside(photo=photo)
    PhotoFactory(listing=listing, with_files=True)
    with pytest.raises(PhotoRejected):
        photo_restore(listing=listing, photo_id=photo.pk)
    page = seller.post(f"/sell/{listing.code}/photos/{photo.pk}/restore/", headers=HTMX).content.decode()
    assert "which is the limit" in page


def test_the_best_photo_from_outside_becomes_the_cover_as_soon_as_it_is_seen(listing, champion, said):
    inside = PhotoFactory(listing=listing, position=0, interior=True)
    rear = seen(listing, "rear", position=1)
    cut = seen(listing, "front-left", position=2, box=(0, 100, 640, 400))
    corner = PhotoFactory(listing=listing, position=3)
    finish(corner, champion, said(0.98, 0.01, 0.01))
    assert order(listing) == [cut.pk, inside.pk, rear.pk, corner.pk]  # the box of `said` is tiny
    better = seen(listing, "front-right", position=4)
    photos_reorder(listing=listing, photo_ids=[])
    assert order(listing) == [better.pk, cut.pk, inside.pk, rear.pk, corner.pk]


def test_the_sellers_choice_stays_until_it_is_removed(seller, listing):
    rear, corner = seen(listing, "rear", position=0), seen(listing, "front-left", position=1)
    seller.post(f"/sell/{listing.code}/photos/{rear.pk}/move/", {"to": "cover"})
    photos_reorder(listing=listing, photo_ids=[])
    assert order(listing) == [rear.pk, corner.pk]
    photo_set_aside(photo=rear)
    front = seen(listing, "front", position=5)
    photos_reorder(listing=listing, photo_ids=[front.pk])
    assert order(listing) == [corner.pk, front.pk]
    photo_restore(listing=listing, photo_id=rear.pk)
    assert listing.photos.get(pk=rear.pk).chosen_cover


def test_moving_others_is_no_choice_of_a_cover(seller, listing):
    a, b, c = (PhotoFactory(listing=listing, position=place) for place in range(3))
    seller.post(f"/sell/{listing.code}/photos/{c.pk}/move/", {"to": "before", "other": str(b.pk)})
    assert order(listing) == [a.pk, c.pk, b.pk]
    assert not listing.photos.filter(chosen_cover=True).exists()
    seller.post(f"/sell/{listing.code}/photos/{b.pk}/move/", {"to": "before", "other": str(a.pk)})
    assert listing.photos.get(chosen_cover=True) == b
