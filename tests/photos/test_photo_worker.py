"""The worker child: one Recogniser, reopened for a new champion between two batches."""

import subprocess
import sys

import pytest

from classifier.taxonomy import Guess
from marketplace.photos.models import Photo
from marketplace.photos.recognition import worker
from marketplace.photos.services import photo_add
from marketplace.registry.services import RegistryError


class StubRecogniser:
    """Stands where the Recogniser stands; ``answer`` is what it does with a batch."""

    opened: list[str] = []  # noqa: RUF012
    answer = None
    body_threshold = 0.8
    colour_threshold = 0.8

    @classmethod
    def open(cls, *, classifier, **_):
        cls.opened.append(classifier.name)
        return cls()

    def close(self):
        pass

    def recognise(self, photos):
        return StubRecogniser.answer(list(photos))


@pytest.fixture(autouse=True)
def recogniser(settings, monkeypatch, said, rings):
    settings.RECOGNISER = "tests.photos.test_photo_worker.StubRecogniser"
    monkeypatch.setattr(worker, "_serving", None)
    StubRecogniser.opened = []
    StubRecogniser.answer = lambda photos: [said(0.98, 0.01, 0.01) for _ in photos]
    return StubRecogniser


@pytest.fixture
def three(listing, encoded):
    return [photo_add(listing=listing, data=encoded(width=100 + n), filename="a.jpg") for n in range(3)]


def test_it_works_until_nothing_waits(three, champion, settings):
    settings.PHOTO_BATCH = 2
    assert worker.recognise_waiting() == 3
    assert {photo.status for photo in Photo.objects.all()} == {"done"}
    assert StubRecogniser.opened == [champion.version]


def test_it_keeps_from_when_on_a_body_may_be_filled_in(listing, encoded, champion, said):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    StubRecogniser.answer = lambda _: [said(0.98, 0.01, 0.01, bodies=(Guess("wagon", 0.81), Guess("suv", 0.19)))]
    worker.recognise_waiting()
    assert photo.predictions.get().body_threshold == StubRecogniser.body_threshold
    listing.refresh_from_db()
    assert listing.body == "wagon"


def test_it_serves_a_new_champion_from_the_next_batch_on(three, champion, challenger, settings, said):
    settings.PHOTO_BATCH = 1
    looked = []

    def answer(photos):
        looked.append(len(photos))
        if len(looked) == 1:
            challenger()
        return [said(0.98, 0.01, 0.01) for _ in photos]

    StubRecogniser.answer = answer
    worker.recognise_waiting()
    assert [version.partition("-")[0] for version in StubRecogniser.opened] == ["first", "second"]
    versions = Photo.objects.values_list("predictions__model_version__version", flat=True)
    assert [version.partition("-")[0] for version in versions] == ["first", "second", "second"]


def test_a_batch_that_raises_is_given_back_and_tried_one_by_one(three, champion, said, rings):
    def answer(photos):
        if len(photos) > 1:
            raise RuntimeError("the engine does not like this batch")
        return [said(0.98, 0.01, 0.01)]

    StubRecogniser.answer = answer
    rings.clear()
    with pytest.raises(RuntimeError):
        worker.recognise_waiting()
    assert {(photo.status, photo.attempts) for photo in Photo.objects.all()} == {("pending", 1)}
    assert rings == ["marketplace.photos.tasks.recognise_pending"]
    assert worker.recognise_waiting() == 3


def test_a_photo_whose_file_is_lost_spares_the_others(three, champion, said):
    three[1].file.storage.delete(three[1].file.name)
    StubRecogniser.answer = lambda photos: [
        said(0.9, 0.1, 0.1) if photo else said(status="unreadable") for photo in photos
    ]
    assert worker.recognise_waiting() == 3
    assert [photo.outcome for photo in Photo.objects.all()] == ["ok", "unreadable", "ok"]


def test_nothing_is_claimed_before_there_is_a_model(three):
    with pytest.raises(RegistryError, match="setup_site"):
        worker.recognise_waiting()
    assert {photo.status for photo in Photo.objects.all()} == {"pending"}


def test_importing_the_tasks_loads_neither_torch_nor_openvino():
    code = (
        "import django; django.setup(); import sys, marketplace.photos.tasks; "
        "print([name for name in ('torch', 'openvino', 'ultralytics') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
