"""What nobody will ask for again goes: visitors' questions and files without a row, both after an
hour."""

import os
import time
from datetime import timedelta

from django.utils import timezone

from marketplace.photos.models import Photo
from marketplace.photos.selectors import photo_of_visitor, photos_of
from marketplace.photos.services import photo_add
from marketplace.photos.tidy import photos_tidy


def test_visitors_photos_are_gone_after_an_hour(listing, encoded, rings, django_capture_on_commit_callbacks):
    asked = photo_add(listing=None, data=encoded(), filename="a.jpg")
    kept = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert photo_of_visitor(photo_id=asked.pk) == asked
    assert photo_of_visitor(photo_id=kept.pk) is None
    Photo.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert photo_of_visitor(photo_id=asked.pk) is None
    with django_capture_on_commit_callbacks(execute=True):
        assert photos_tidy()["visitors"] == 1
    assert list(photos_of(listing=listing)) == [kept]
    assert not asked.file.storage.exists(asked.file.name)
    assert kept.file.storage.exists(kept.file.name)


def test_files_without_a_row_go_but_not_at_once(listing, encoded, rings, media):
    assert photos_tidy() == {"visitors": 0, "removed": 0, "files": 0}  # nothing was ever stored
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    (media / "photos" / "young.jpg").write_bytes(b"x")
    (media / "cards" / "old.jpg").write_bytes(b"x")
    hours_ago = time.time() - 7200
    for path in (media / "cards" / "old.jpg", media / photo.file.name, media / photo.card.name):
        os.utime(path, (hours_ago, hours_ago))
    assert photos_tidy()["files"] == 1
    assert (media / "photos" / "young.jpg").exists()
    assert not (media / "cards" / "old.jpg").exists()
    assert (media / photo.file.name).exists()


def test_it_asks_the_storage_only_about_files_without_a_row(listing, encoded, rings, media, monkeypatch):
    """With S3 each question goes over the network, and with 100,000 photos nobody could be served
    meanwhile."""
    photo_add(listing=listing, data=encoded(), filename="a.jpg")
    for name in ("photos/old.jpg", "photos/gone.jpg"):
        (media / name).write_bytes(b"x")
    asked = []

    def modified(storage, name):
        asked.append(name)
        if "gone" in name:  # a seller's own removal took it between our look at the folder and now
            raise FileNotFoundError(name)
        return timezone.now() - timedelta(hours=2)

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.get_modified_time", modified)
    assert photos_tidy()["files"] == 1
    assert sorted(asked) == ["photos/gone.jpg", "photos/old.jpg"]
