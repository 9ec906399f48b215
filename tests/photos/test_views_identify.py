"""Try a photo without an account; and the pictures themselves."""

import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from marketplace.photos.asking.services import question_begin, question_photo_add
from marketplace.photos.limits import PER_MINUTE
from marketplace.photos.models import Photo, Question
from marketplace.photos.services import photo_add
from tests.factories import PredictionFactory

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def photo(encoded):
    return question_photo_add(question=question_begin(), data=encoded(width=800, height=600), filename="a.jpg")


@pytest.fixture
def within_a_minute(monkeypatch):
    """Visitors are counted by the minute of the clock, and the next one may begin in the middle of
    a test."""
    monkeypatch.setattr("marketplace.photos.limits.time", SimpleNamespace(time=lambda: 1_800_000_000))


def ask(client, data, **options):
    return client.post("/identify/", {"photo": SimpleUploadedFile("car.jpg", data)}, **options)


def says(photo, *, make, model, sure, best=None):
    """Writes the verdict of the photo's question."""
    first = {"make": make, "model": model, "years": "2012", "confidence": sure, **(best or {})}
    verdict = {"version": "v", "photos_used": 1, "make": {"name": make, "confidence": 0.96}, "candidates": [first]}
    Question.objects.filter(pk=photo.question_id).update(verdict=verdict)


def test_it_leads_to_the_answer(client, encoded):
    answer = ask(client, encoded())
    photo = Photo.objects.get()
    assert (photo.listing, answer["Location"]) == (None, f"/identify/{photo.question_id}/")
    page = client.get(answer["Location"]).content.decode()
    assert "every 600ms" in page
    assert "deleted an hour after" in page


def test_it_names_all_look_alikes(client, photo):
    Photo.objects.filter(pk=photo.pk).update(status="done", outcome="ok", kind="exterior")
    PredictionFactory(photo=photo)
    says(photo, best={"alike": ["Honda Accord"], "group_confidence": 0.96}, make="Acura", model="TSX", sure=0.58)
    page = client.get(f"/identify/{photo.question_id}/").content.decode()
    assert "<h2>Acura TSX or Honda Accord</h2>" in page
    assert "Photos cannot tell them apart. We are very sure that it is one of them (96\u00a0%)" in page


def test_it_outlines_the_car_and_names_it(client, photo):
    Photo.objects.filter(pk=photo.pk).update(status="done", outcome="ok", kind="exterior")
    PredictionFactory(
        photo=photo,
        box=[100, 50, 700, 550],
        boxes=[[100, 50, 700, 550]],
    )
    says(photo, make="Volkswagen", model="Golf", sure=0.874)
    answer = client.get(f"/identify/{photo.question_id}/?seen=0/1", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert 'viewBox="0 0 800 600"' in page
    assert 'x="100" y="50" width="600" height="500"' in page
    assert "quite sure (87\u00a0%)" in page
    assert 'value="0.874"' in page
    assert "every" not in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outcome": "no_vehicle"}, "We see no car here"),
        ({"outcome": "not_usable", "kind": "interior"}, "A look inside"),
        ({"outcome": "not_usable", "kind": "detail"}, "A detail"),
        ({"outcome": "not_usable", "kind": "other"}, "There is no car on this photo"),
        ({"outcome": "unreadable"}, "could not look at"),
        ({"status": "failed", "outcome": "unreadable"}, "could not look at"),
    ],
)
def test_it_is_kind_about_photos_that_say_nothing(client, photo, fields, words):
    Photo.objects.filter(pk=photo.pk).update(**{"status": "done", **fields})
    assert words in client.get(f"/identify/{photo.question_id}/").content.decode()


def test_nothing_new_is_no_content(client, photo):
    answer = client.get(f"/identify/{photo.question_id}/?seen=0/1", headers={"HX-Request": "true"})
    assert answer.status_code == 204


def test_a_rejected_upload_gets_its_sentence(client):
    answer = ask(client, b"GIF89a nothing")
    assert answer.status_code == 422
    assert b"This file is" in answer.content
    assert "This file is" in ask(client, b"%PDF", headers=JSON).json()["message"]
    assert b"Choose a photo first" in client.post("/identify/").content


def test_after_an_hour_it_is_gone_and_a_sellers_photo_never_was_here(client, photo, listing, encoded):
    Question.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert client.get(f"/identify/{photo.question_id}/").status_code == 404
    assert b"deleted" in client.get(f"/identify/{photo.question_id}/", headers={"HX-Request": "true"}).content
    assert client.get(f"/identify/{uuid.uuid4()}/").status_code == 404
    own = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert client.get(f"/identify/{own.pk}/").status_code == 404


@pytest.mark.usefixtures("within_a_minute")
def test_who_asks_too_often_waits(client, encoded):
    for _ in range(PER_MINUTE):
        client.post("/identify/")
    answer = ask(client, encoded(), headers=JSON)
    assert answer.status_code == 429
    assert "wait a minute" in answer.json()["message"]
    assert not Photo.objects.exists()
    assert client.post("/identify/", REMOTE_ADDR="10.9.8.7").status_code == 422


@pytest.mark.parametrize(
    "backend", ["marketplace.file_cache.CountingFileCache", "django.core.cache.backends.locmem.LocMemCache"]
)
def test_the_hours_count_is_not_forgotten_in_quiet_minutes(client, settings, tmp_path, monkeypatch, backend):
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}
    monkeypatch.setattr("marketplace.photos.limits.PER_HOUR", 2)
    hour = time.time() // 3600 * 3600 + 3600
    for minutes, status in ((1, 422), (10, 422), (40, 429), (61, 422)):
        monkeypatch.setattr("time.time", lambda now=hour + minutes * 60: now)
        assert client.post("/identify/").status_code == status, minutes


@pytest.mark.usefixtures("within_a_minute")
def test_a_visitors_header_names_no_address_without_a_proxy(client):
    for number in range(PER_MINUTE):
        client.post("/identify/", headers={"X-Forwarded-For": f"10.0.0.{number}"})
    assert client.post("/identify/", headers={"X-Forwarded-For": "10.0.0.99"}).status_code == 429


@pytest.mark.usefixtures("within_a_minute")
def test_behind_proxies_of_ones_own_each_visitor_is_counted_alone(client, settings):
    """Two proxies: the last address in the list is the first proxy's, the same for everybody."""
    settings.PROXIES = 2
    forwarded = "made up, 203.0.113.{}, 198.51.100.1"
    for _ in range(PER_MINUTE):
        client.post("/identify/", headers={"X-Forwarded-For": forwarded.format(7)})
    assert client.post("/identify/", headers={"X-Forwarded-For": forwarded.format(7)}).status_code == 429
    assert client.post("/identify/", headers={"X-Forwarded-For": forwarded.format(8)}).status_code == 422


def test_pictures_are_kept_by_the_browser_and_never_sniffed(client, photo):
    for file in (photo.file, photo.card):
        answer = client.get(file.url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer["Cache-Control"]
        assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "name", ["photos/../../secret_key", "photos/", "secret_key", "photos/" + "0" * 32 + ".jpg", "photos/x.jpg", "%00"]
)
def test_nothing_else_has_an_address(client, photo, name):
    assert client.get(f"/media/{name}").status_code == 404
