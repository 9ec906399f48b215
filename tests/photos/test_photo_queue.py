"""The table as a queue: claim, finish, release, sweep, and the verdict that follows."""

import shutil
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from classifier.artefact import TrainedClass
from classifier.recognition import Recognition
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.recognition.queue import photo_finish, photos_claim, photos_release, photos_sweep
from marketplace.photos.recognition.taxonomy import _catalogue_spec
from marketplace.photos.services import photo_remove
from tests.factories import CarModelFactory, PhotoFactory

RECOGNISE = "marketplace.photos.tasks.recognise_pending"
REVIEW = "marketplace.moderation.tasks.review_submitted"


@pytest.fixture
def add(listing):
    """A pending row, as after an upload."""
    return lambda **values: PhotoFactory(listing=listing, **values)


@pytest.fixture
def octavia(db):
    return CarModelFactory(make__name="Skoda", name="Octavia")


def long_ago(photo):
    Photo.objects.filter(pk=photo.pk).update(claimed_at=timezone.now() - timedelta(hours=1))


def test_it_claims_the_oldest_fresh_photos_and_counts_the_attempt_first(add):
    photos = [add() for _ in range(4)]
    claimed = photos_claim(limit=3)
    assert [photo.pk for photo in claimed] == [photo.pk for photo in photos[:3]]
    rows = Photo.objects.filter(status="claimed")
    assert [(row.attempts, row.claimed_at is not None) for row in rows] == [(1, True)] * 3
    assert [photo.pk for photo in photos_claim(limit=3)] == [photos[3].pk]
    assert photos_claim(limit=3) == []


def test_a_photo_that_was_tried_before_comes_alone_and_last(add):
    tried = [add(attempts=1), add(attempts=2)]
    fresh = add()
    assert [[photo.pk for photo in photos_claim(limit=9)] for _ in range(3)] == [
        [fresh.pk], [tried[0].pk], [tried[1].pk]
    ]  # fmt: skip


def test_it_stores_the_recognition(add, champion, said):
    add()
    (photo,) = photos_claim(limit=1)
    assert photo_finish(photo_id=photo.pk, attempt=1, recognition=said(0.98, 0.01, 0.01), version=champion)
    photo.refresh_from_db()
    assert (photo.status, photo.outcome, photo.kind) == ("done", "ok", "exterior")
    prediction = photo.predictions.get()
    assert prediction.box == [1, 2, 30, 40]
    best = {"make": "Skoda", "model": "Octavia", "years": "2012", "confidence": pytest.approx(0.98)}
    assert prediction.candidates[0] == {**best, "alike": [], "group_confidence": pytest.approx(0.98)}
    assert len(bytes(prediction.log_probs)) == 3 * 2  # float16 for each of three classes


def test_who_finishes_late_changes_nothing(add, champion, said, rings):
    add()
    (photo,) = photos_claim(limit=1)
    long_ago(photo)
    assert photos_sweep() == {"freed": 1, "failed": 0, "waiting": 1}
    late = {"photo_id": photo.pk, "attempt": 1, "recognition": said(status="no_vehicle"), "version": champion}
    assert not photo_finish(**late)  # freed, not yet claimed again
    (again,) = photos_claim(limit=1)
    assert not photo_finish(**late)  # somebody else is looking
    assert photo_finish(**{**late, "attempt": again.attempts, "recognition": said(0.98, 0.01, 0.01)})
    assert not photo_finish(**late)  # done
    assert Prediction.objects.get().attempt == 2
    assert Photo.objects.get().outcome == "ok"


def test_who_finishes_a_removed_photo_changes_nothing(add, champion, said):
    add()
    (photo,) = photos_claim(limit=1)
    photo_remove(photo=photo)
    assert not photo_finish(photo_id=photo.pk, attempt=1, recognition=said(1, 1, 1), version=champion)


def test_the_sweep_leaves_a_photo_that_is_being_looked_at(add, rings):
    add()
    photos_claim(limit=1)
    assert photos_sweep() == {"freed": 0, "failed": 0, "waiting": 0}
    assert rings == []


def test_the_third_stop_is_the_last(add, rings, listing, django_capture_on_commit_callbacks):
    add()
    listing.__class__.objects.update(status="submitted")
    for attempt in (1, 2, 3):
        (photo,) = photos_claim(limit=1)
        assert photo.attempts == attempt
        long_ago(photo)
        with django_capture_on_commit_callbacks(execute=True):
            photos_sweep()
    photo = Photo.objects.get()
    assert (photo.status, photo.outcome, photo.attempts) == ("failed", "unreadable", 3)
    assert photo.error == "The recognition stopped without an answer."
    assert photos_claim(limit=1) == []
    assert rings == [RECOGNISE, RECOGNISE, REVIEW]  # on to a human


def test_released_photos_are_tried_again_at_once(add, rings):
    add()
    photos_release(photos=photos_claim(limit=1), error="RuntimeError: x")
    photo = Photo.objects.get()
    assert (photo.status, photo.attempts, photo.error) == ("pending", 1, "RuntimeError: x")
    assert rings == [RECOGNISE]


def test_the_verdict_grows_with_each_photo_and_fills_the_form(add, listing, champion, said, octavia):
    add(), add(), add()
    recognitions = [said(0.80, 0.15, 0.05), said(0.97, 0.02, 0.01), said(status="not_usable")]
    for photo, recognition in zip(photos_claim(limit=3), recognitions, strict=True):
        photo_finish(photo_id=photo.pk, attempt=1, recognition=recognition, version=champion)
        listing.refresh_from_db()
        if photo.attempts == 1 and listing.verdict["photos_used"] == 1:
            assert listing.verdict["model"]["confidence"] == pytest.approx(0.80, abs=0.01)
            assert listing.car_model is None  # below the threshold
    assert listing.verdict["photos_used"] == 2
    assert listing.verdict["version"] == champion.version
    assert listing.verdict["thresholds"] == {"make": 0.9, "model": 0.9}
    assert listing.verdict["model"]["make"] == "Skoda"
    assert listing.verdict["model"]["name"] == "Octavia"
    assert listing.verdict["model"]["confidence"] > 0.9
    assert listing.car_model == octavia
    photo_remove(photo=Photo.objects.filter(outcome="ok").last())
    listing.refresh_from_db()
    assert listing.verdict["photos_used"] == 1
    photo_remove(photo=Photo.objects.filter(outcome="ok").last())
    listing.refresh_from_db()
    assert listing.verdict is None


def test_versions_with_other_classes_are_not_mixed(add, listing, champion, challenger, said):
    add(), add(), add()
    photos = photos_claim(limit=3)
    photo_finish(photo_id=photos[0].pk, attempt=1, recognition=said(0.98, 0.01, 0.01), version=champion)
    second = challenger()
    photo_finish(photo_id=photos[1].pk, attempt=1, recognition=said(0.01, 0.01, 0.98), version=second)
    listing.refresh_from_db()
    assert listing.verdict["version"] == second.version
    assert listing.verdict["photos_used"] == 1
    assert listing.verdict["make"]["name"] == "Volvo"


def test_classes_that_the_catalogue_calls_one_model_add_up(add, listing, serve, catalogue):
    names = (("BMW", "3 Series Sedan", "2012"), ("bmw", "3 series", ""), ("BMW", "5 series", ""))
    version = serve("two-sources", classes=tuple(TrainedClass(*name) for name in names))
    said = np.log(np.array([0.4, 0.35, 0.25], dtype=np.float32))
    recognition = Recognition("ok", kind="exterior", box=(0, 0, 9, 9), image_size=(9, 9), log_probs=said)
    photo = add()
    [claimed] = photos_claim(limit=1)
    assert photo_finish(photo_id=claimed.pk, attempt=claimed.attempts, recognition=recognition, version=version)

    best = photo.predictions.get().candidates[0]
    assert (best["make"], best["model"]) == ("BMW", "3 Series")
    assert best["confidence"] == pytest.approx(0.75, abs=0.01)
    listing.refresh_from_db()
    assert listing.verdict["model"]["name"] == "3 Series"
    assert listing.verdict["model"]["confidence"] == pytest.approx(0.75, abs=0.01)


def test_a_version_whose_folder_is_gone_says_nothing_and_blocks_nobody(
    add, listing, champion, challenger, said, rings, settings
):
    add(), add(attempts=2)
    for photo in photos_claim(limit=1):
        photo_finish(photo_id=photo.pk, attempt=1, recognition=said(0.98, 0.01, 0.01), version=champion)
    challenger()
    shutil.rmtree(champion.folder)
    _catalogue_spec.cache_clear()  # another process, or ten minutes later
    [stopped] = photos_claim(limit=1)
    long_ago(stopped)
    assert photos_sweep()["failed"] == 1
    listing.refresh_from_db()
    assert listing.verdict is None
    photo_remove(photo=Photo.objects.filter(outcome="ok").get())
    assert Photo.objects.count() == 1


def test_the_queue_is_read_in_order_from_its_index(add):
    """A hundred thousand waiting photos must not be sorted anew for each batch."""
    if connection.vendor == "postgresql":  # which sorts so small a table for good reasons of its own
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = Photo.objects.filter(status="pending").order_by("attempts", "created_at")[:16].explain()
    assert "photo_queue" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_a_photo_rests_before_its_last_attempt(add, rings):
    """An outage of some seconds must not use up all three attempts within those seconds."""
    add()
    for _ in range(2):
        photos_release(photos=photos_claim(limit=1), error="OSError: the storage is away")
    assert photos_claim(limit=1) == []
    assert photos_sweep()["waiting"] == 1
    long_ago(Photo.objects.get())
    [photo] = photos_claim(limit=1)
    assert photo.attempts == 3
    photos_release(photos=[photo], error="OSError: the storage is still away")
    assert Photo.objects.get().status == "failed"


def finished(add, version, *looks):
    """Photos of one listing, each (recognition, phash)."""
    for _, phash in looks:
        add(phash=phash)
    for photo, (recognition, _) in zip(photos_claim(limit=len(looks)), looks, strict=True):
        photo_finish(photo_id=photo.pk, attempt=1, recognition=recognition, version=version)


def test_the_same_picture_twice_is_no_second_opinion(add, listing, champion, said):
    sure = said(0.80, 0.15, 0.05)
    finished(add, champion, (sure, "00ff00ff00ff00ff"), (sure, "00ff00ff00ff00fe"), (sure, "00ff00ff00ff00f0"))
    listing.refresh_from_db()
    assert listing.verdict["photos_used"] == 1
    assert listing.verdict["model"]["confidence"] == pytest.approx(0.80, abs=0.01)


def test_pictures_that_differ_and_pictures_without_a_hash_all_count(add, listing, champion, said):
    sure = said(0.80, 0.15, 0.05)
    finished(add, champion, (sure, "00ff00ff00ff00ff"), (sure, "00ff00ff00ff00e0"), (sure, ""), (sure, ""))
    listing.refresh_from_db()
    assert listing.verdict["photos_used"] == 4


def test_two_cars_in_one_advertisement_are_told_to_the_seller_and_the_moderator(add, listing, champion, said):
    finished(add, champion, (said(0.97, 0.02, 0.01), ""), (said(0.98, 0.01, 0.01), ""), (said(0.01, 0.02, 0.97), ""))
    listing.refresh_from_db()
    assert listing.verdict["other_car"] == "Volvo V70"
    assert listing.contradiction == "One of the photos looks like another car: Volvo V70."


def test_one_doubtful_photo_is_not_taken_for_a_second_car(add, listing, champion, said):
    finished(add, champion, (said(0.97, 0.02, 0.01), ""), (said(0.2, 0.15, 0.65), ""))
    listing.refresh_from_db()
    assert listing.verdict["other_car"] == listing.contradiction == ""
