"""/healthz"""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from kombu import Connection

from marketplace.operations import health
from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion
from tests.factories import ModelVersionFactory, PhotoFactory


@pytest.fixture
def all_well(db, monkeypatch):
    ModelVersionFactory(champion=True)
    monkeypatch.setitem(health._DISPENSABLE, "broker", lambda: None)


def answer(client):
    response = client.get("/healthz")
    return response.status_code, response.json()


def test_it_says_ok_to_a_stranger_and_no_more_than_that(client, all_well):
    status, said = answer(client)
    assert status == 200
    assert said == {
        "status": "ok",
        "checks": dict.fromkeys(("database", "storage", "broker", "worker", "model"), "ok"),
    }
    assert "no-cache" in client.get("/healthz")["Cache-Control"]


def test_without_a_broker_it_is_degraded_but_alive(client, db, monkeypatch, tmp_path):
    ModelVersionFactory(champion=True)
    nobody = f"redis+socket://{tmp_path}/none.sock"
    monkeypatch.setattr(health.app, "connection_for_write", lambda: Connection(nobody))
    status, said = answer(client)
    assert (status, said["status"], said["checks"]["broker"]) == (200, "degraded", "degraded")


def test_without_a_model_it_is_degraded(client, all_well):
    ModelVersion.objects.all().delete()
    assert answer(client)[1]["checks"]["model"] == "degraded"


def test_a_photo_that_nobody_looks_at_shows_that_no_worker_lives(client, all_well):
    photo = PhotoFactory(listing=None)
    assert answer(client)[1]["checks"]["worker"] == "ok"
    Photo.objects.filter(pk=photo.pk).update(created_at=timezone.now() - timedelta(minutes=4))
    assert answer(client)[1]["checks"]["worker"] == "degraded"


def test_without_storage_it_is_down(client, all_well, settings, tmp_path):
    (tmp_path / "not-a-folder").touch()
    settings.MEDIA_ROOT = tmp_path / "not-a-folder"
    assert answer(client) == (503, {"status": "down", "checks": {"database": "ok", "storage": "down"}})


def test_without_a_database_it_is_down_and_keeps_the_reason_to_itself(client, all_well, monkeypatch):
    def gone():
        raise OperationalError("connection to 10.1.2.3 as forecourt failed: password wrong")

    monkeypatch.setattr(health, "_database", gone)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert "10.1.2.3" not in response.content.decode()


def test_readyz_says_that_the_disk_is_nearly_full(client, all_well, settings):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (200, "ok")
    settings.DISK_RESERVE_MB = 10**9
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["checks"]["disk"]) == ("down", "down")
    assert client.get("/healthz").status_code == 200  # people can still browse
