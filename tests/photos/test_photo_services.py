"""What a person does with photos: add, remove, put in order."""

import errno
import os
import uuid

import pytest
from django.db import OperationalError as DatabaseError
from kombu.exceptions import OperationalError

from marketplace.listings.life.services import listing_delete
from marketplace.listings.models import Listing
from marketplace.photos.ingest import ingest
from marketplace.photos.models import Photo
from marketplace.photos.services import PhotoRejected, photo_add, photo_remove, photos_reorder

RECOGNISE = "marketplace.photos.tasks.recognise_pending"


def files_in(media):
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def test_an_upload_becomes_a_clean_pending_photo_and_rings(
    listing, encoded, rings, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        photo = photo_add(listing=listing, data=encoded(width=900, height=600), filename="../My car\0.jpg")
        assert rings == []  # before the commit nobody could see the row
    assert rings == [RECOGNISE]
    photo.refresh_from_db()
    assert (photo.status, photo.attempts, photo.width, photo.height) == ("pending", 0, 900, 600)
    assert photo.original_name == "../My car.jpg"
    assert photo.file.name.startswith("photos/")
    assert photo.card.name.startswith("cards/")
    assert "car" not in "".join(files_in(media))
    assert len(files_in(media)) == 2


def test_a_lost_broker_does_not_fail_the_upload(listing, encoded, monkeypatch, django_capture_on_commit_callbacks):
    def nobody_there(*_, **__):
        raise OperationalError("no such socket")

    monkeypatch.setattr("marketplace.doorbell.app.send_task", nobody_there)
    with django_capture_on_commit_callbacks(execute=True):
        photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert Photo.objects.get(pk=photo.pk).status == "pending"


def test_the_same_upload_twice_is_one_photo(listing, encoded, rings, media):
    first = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    again = photo_add(listing=listing, data=encoded(), filename="b.jpg")
    assert again.pk == first.pk
    assert len(files_in(media)) == 2


def test_a_lost_race_for_the_same_upload_leaves_no_file(listing, encoded, rings, media, monkeypatch):
    first = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    seen = iter([None, first])  # the other request's row appears only after our look
    monkeypatch.setattr("marketplace.photos.services._twin", lambda *_: next(seen))
    assert photo_add(listing=listing, data=encoded(), filename="a.jpg").pk == first.pk
    assert len(files_in(media)) == 2


def test_a_rejected_upload_leaves_nothing_behind(listing, encoded, rings, media):
    photo_add(listing=listing, data=encoded(), filename="a.jpg")
    with pytest.raises(PhotoRejected, match="This file is a TIFF picture"):
        photo_add(listing=listing, data=encoded("TIFF"), filename="a.tif")
    assert Photo.objects.count() == 1
    assert len(files_in(media)) == 2


def test_a_listing_has_room_for_so_many_photos(listing, encoded, rings, settings):
    settings.PHOTOS_PER_LISTING = 1
    photo_add(listing=listing, data=encoded(), filename="a.jpg")
    with pytest.raises(PhotoRejected, match="already has 1 photos, which is the limit") as caught:
        photo_add(listing=listing, data=encoded(width=300), filename="b.jpg")
    assert caught.value.reason_code == "too_many"


def test_a_visitor_may_ask_without_a_listing(db, encoded, rings):
    assert photo_add(listing=None, data=encoded(), filename="a.jpg").listing is None


def test_a_removed_photo_takes_its_files_along(listing, encoded, rings, media, django_capture_on_commit_callbacks):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        photo_remove(photo=photo)
    assert not Photo.objects.exists()
    assert files_in(media) == []


def test_photos_keep_the_order_in_which_they_came_and_the_one_that_was_asked_for(listing, encoded, rings):
    a, b, c, d = (photo_add(listing=listing, data=encoded(width=100 + n), filename="a.jpg") for n in range(4))
    assert list(listing.photos.all()) == [a, b, c, d]
    photos_reorder(listing=listing, photo_ids=[d.pk, uuid.uuid4(), b.pk, d.pk])
    assert list(listing.photos.all()) == [d, b, a, c]


@pytest.fixture
def meanwhile(monkeypatch):
    """``meanwhile(act)``: act happens while the next upload is being opened."""

    def arrange(act):
        def opened(data, **more):
            clean = ingest(data, **more)
            act()
            return clean

        monkeypatch.setattr("marketplace.photos.services.ingest", opened)

    return arrange


def test_a_listing_deleted_during_the_upload_is_an_answer_and_leaves_no_file(listing, encoded, rings, media, meanwhile):
    meanwhile(lambda: listing_delete(listing=listing, by=listing.seller))
    with pytest.raises(PhotoRejected, match="This listing was deleted meanwhile"):
        photo_add(listing=Listing.objects.get(), data=encoded(), filename="a.jpg")
    assert files_in(media) == []


def test_no_photo_slips_into_a_listing_that_was_handed_in_during_the_upload(listing, encoded, rings, media, meanwhile):
    meanwhile(lambda: Listing.objects.update(status="submitted"))
    with pytest.raises(PhotoRejected, match="waiting for review by now: make it a draft before"):
        photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert not Photo.objects.exists()
    assert files_in(media) == []


def test_the_photos_of_a_listing_that_was_handed_in_stay_as_they_are(listing, encoded, rings, media):
    a, b = (photo_add(listing=listing, data=encoded(width=100 + n), filename="a.jpg") for n in range(2))
    Listing.objects.update(status="live")
    assert not photo_remove(photo=a)
    photos_reorder(listing=listing, photo_ids=[b.pk, a.pk])
    assert list(listing.photos.all()) == [a, b]
    assert len(files_in(media)) == 4


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_full_disk_is_an_answer_and_leaves_no_half_of_a_photo(failing, listing, encoded, rings, media, monkeypatch):
    calls = 0

    def no_space(descriptor, sync=os.fsync):
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("classifier.durable.os.fsync", no_space)
    with pytest.raises(PhotoRejected, match="could not be stored") as caught:
        photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert caught.value.retry_after_s == 60
    assert not Photo.objects.exists()
    assert files_in(media) == []
    photo_add(listing=listing, data=encoded(), filename="a.jpg")  # there is room again
    assert len(files_in(media)) == 2


def test_a_database_without_space_leaves_no_file(listing, encoded, rings, media, monkeypatch):
    def full(*_, **__):
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(Photo, "save", full)
    with pytest.raises(DatabaseError):
        photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert files_in(media) == []


def test_the_last_megabytes_of_the_disk_are_not_for_uploads(listing, encoded, rings, media, settings):
    settings.DISK_RESERVE_MB = 10**9
    with pytest.raises(PhotoRejected, match="could not be stored"):
        photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert files_in(media) == []
