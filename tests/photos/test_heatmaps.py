"""Heat maps: the row is the truth, the doorbell may be lost and the worker may die."""

import io
import os
import time
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from classifier.explain import HeatMap
from classifier.recognise import Crop, NoCropError
from classifier.taxonomy import Candidate
from marketplace.photos.heatmaps.services import (
    DRAW_HEATMAPS,
    STOPPED,
    HeatmapRefused,
    heatmap_claim,
    heatmap_finish,
    heatmap_of,
    heatmap_request,
    heatmaps_sweep,
)
from marketplace.photos.heatmaps.worker import heat_png, heatmaps_draw
from marketplace.photos.models import Heatmap, Photo
from marketplace.photos.recognition import worker
from marketplace.photos.services import photo_add, photo_remove
from marketplace.photos.tidy import photos_tidy

BOX = (10, 20, 110, 70)


class StubRecogniser:
    """Takes the crop's top left corner for an Octavia."""

    body_threshold = 0.8
    colour_threshold = 0.8
    crop_answer = None
    recognised = 0

    @classmethod
    def open(cls, **_):
        return cls()

    def close(self):
        pass

    def recognise(self, photos):
        answers = [StubRecogniser.said for _ in photos]
        StubRecogniser.recognised += len(answers)
        return answers

    def crop(self, photo):
        return StubRecogniser.crop_answer()

    def log_probs(self, crops):
        evidence = [crop[:, :8, :8].mean() for crop in crops]
        return [np.log(np.array([0.4 + one / 3, 0.5 - one / 3, 0.1], dtype=np.float32)) for one in evidence]


@pytest.fixture(autouse=True)
def recogniser(settings, monkeypatch, said, rings):
    settings.RECOGNISER = "tests.photos.test_heatmaps.StubRecogniser"
    monkeypatch.setattr(worker, "_serving", None)
    pixels = np.zeros((3, 32, 32), dtype=np.float32)
    pixels[:, :8, :8] = 1
    StubRecogniser.crop_answer = staticmethod(lambda: Crop(pixels, BOX))
    StubRecogniser.recognised, StubRecogniser.said = 0, said(0.9, 0.05, 0.05)
    return StubRecogniser


@pytest.fixture
def photo(listing, encoded):
    """A photo that was looked at."""
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    Photo.objects.update(status="done", outcome="ok", kind="exterior")
    photo.refresh_from_db()
    return photo


def test_it_is_drawn_once_for_a_photo_and_a_version(
    photo, champion, challenger, rings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        asked = heatmap_request(photo=photo)
        assert heatmap_request(photo=photo) == asked
    assert rings.count(DRAW_HEATMAPS) == 1
    assert heatmaps_draw() == 1
    done = heatmap_of(photo=photo)
    assert (done.status, done.car, done.box, done.model_version) == ("done", "Skoda Octavia", list(BOX), champion)
    assert heatmap_request(photo=photo) == done

    challenger()
    assert heatmap_of(photo=photo) is None
    with django_capture_on_commit_callbacks(execute=True):
        assert heatmap_request(photo=photo).status == "pending"
    assert not done.file.storage.exists(done.file.name)


def test_sellers_come_first(photo, champion, listing, encoded):
    heatmap_request(photo=photo)
    photo_add(listing=listing, data=encoded(width=100), filename="b.jpg")
    waiting = []

    def crop():
        waiting.append(Photo.objects.filter(status="pending").count())
        raise NoCropError("no_vehicle", "no vehicle was found on the photo")

    StubRecogniser.crop_answer = crop
    heatmaps_draw()
    assert waiting == [0]
    assert StubRecogniser.recognised == 1


def test_a_request_survives_workers_that_die_but_not_for_ever(photo, champion, settings, rings):
    heatmap_request(photo=photo)  # and the doorbell is lost
    for attempt in range(1, settings.PHOTO_ATTEMPTS + 1):
        rings.clear()
        assert heatmaps_sweep() == 1
        assert rings == [DRAW_HEATMAPS]
        assert heatmap_claim().attempts == attempt
        assert heatmap_claim() is None  # no second worker gets it meanwhile
        assert heatmaps_sweep() == 0
        Heatmap.objects.update(claimed_at=timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS + 1))
    assert heatmaps_sweep() == 0
    assert heatmap_of(photo=photo).error == STOPPED
    assert heatmap_request(photo=photo).status == "pending"  # a moderator may ask again


def test_one_that_raises_is_given_back(photo, champion):
    heatmap_request(photo=photo)
    StubRecogniser.crop_answer = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        heatmaps_draw()
    assert heatmaps_sweep() == 1


def test_a_late_worker_changes_nothing_and_leaves_no_file(photo, champion, media):
    heatmap_request(photo=photo)
    slow = heatmap_claim()
    Heatmap.objects.update(claimed_at=None)
    assert heatmap_claim().attempts == 2
    assert not heatmap_finish(heatmap=slow, png=b"late", box=BOX, car="Volvo V70", by=champion)
    assert heatmap_of(photo=photo).status == "pending"
    assert not list((media / "heatmaps").iterdir())


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"status": "claimed", "outcome": ""}, "still being looked at"),
        ({"outcome": "no_vehicle"}, "No car was found on this photo"),
        ({"outcome": "not_usable", "kind": "interior"}, "it shows the inside"),
        ({"outcome": "not_usable", "kind": "other"}, "it shows no car"),
        ({"status": "failed", "outcome": "unreadable"}, "could not be read"),
    ],
)
def test_a_photo_that_was_not_recognised_is_refused_with_the_reason(photo, state, why):
    for name, value in state.items():
        setattr(photo, name, value)
    with pytest.raises(HeatmapRefused, match=why):
        heatmap_request(photo=photo)
    assert not Heatmap.objects.exists()


def test_what_the_eye_refuses_is_said_to_the_moderator_and_not_tried_again(photo, champion):
    heatmap_request(photo=photo)

    def crop():
        raise NoCropError("unreadable", "the photo is unreadable: it is cut off")

    StubRecogniser.crop_answer = crop
    assert heatmaps_draw() == 0
    assert (heatmap_of(photo=photo).status, heatmaps_sweep()) == ("failed", 0)
    assert heatmap_of(photo=photo).error == "the photo is unreadable: it is cut off"


def test_it_goes_with_its_photo(photo, champion, media, django_capture_on_commit_callbacks):
    heatmap_request(photo=photo)
    heatmaps_draw()
    assert len(list((media / "heatmaps").iterdir())) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert photo_remove(photo=photo)
    assert not Heatmap.objects.exists()
    assert not list((media / "heatmaps").iterdir())


def test_files_without_a_row_go(photo, champion, media):
    heatmap_request(photo=photo)
    heatmaps_draw()
    (kept,) = (media / "heatmaps").iterdir()
    (media / "heatmaps" / "old.png").write_bytes(b"x")
    for path in (media / "heatmaps").iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    assert photos_tidy()["files"] == 1
    assert list((media / "heatmaps").iterdir()) == [kept]


def test_the_picture_is_bright_where_it_is_hot_and_clear_where_it_is_cold():
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[1, 6] = 1
    found = HeatMap(heat=heat, box=(0, 0, 400, 200), candidate=Candidate("Volvo", "V70", "", 0.9), cost=1.0)
    picture = Image.open(io.BytesIO(heat_png(found)))
    assert (picture.mode, picture.size) == ("RGBA", (480, 240))
    red, green, blue, opacity = picture.getpixel((int(480 * 6.5 / 8), int(240 * 1.5 / 8)))
    assert red > green > blue
    assert opacity > 150
    assert picture.getpixel((60, 200))[3] == 0
