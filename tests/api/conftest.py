"""Recognitions without a worker."""

from types import SimpleNamespace

import pytest

from classifier.taxonomy import Candidate, Guess
from marketplace.photos.recognition.queue import photo_finish, photos_claim
from tests.factories import ModelVersionFactory
from tests.pictures import car_like, encode


@pytest.fixture
def jpeg() -> bytes:
    return encode(car_like(320, 240))


@pytest.fixture
def work_off(db):
    """Returns a function that recognises every pending photo as a Skoda Octavia."""

    def work():
        version = ModelVersionFactory(version="first-00000000", champion=True)
        for photo in photos_claim(limit=10):
            recognition = SimpleNamespace(
                status="ok", kind="exterior", box=(10, 20, 300, 200), error="", log_probs=None, boxes=(),
                make=SimpleNamespace(name="Skoda", confidence=0.97), timings_ms={"total": 12.5},
                candidates=(Candidate(make="Skoda", model="Octavia", years="2012", confidence=0.9),),
                view=Guess("front-left", 0.8), bodies=(Guess("wagon", 0.7), Guess("sedan", 0.3)),
                colours=(Guess("blue", 0.9), Guess("black", 0.1)), cars=1,
            )  # fmt: skip
            photo_finish(photo_id=photo.pk, attempt=photo.attempts, recognition=recognition, version=version)

    return work


@pytest.fixture
def busy_worker(monkeypatch, work_off):
    """A worker that answers the doorbell at once. Needs a test with real commits."""
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda *_, **__: work_off())


@pytest.fixture
def no_worker(monkeypatch, settings):
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda *_, **__: None)
    settings.API_WAIT_SECONDS = 0
