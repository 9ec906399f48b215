"""POST /api/v1/recognise"""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace.photos.models import Photo, Prediction

URL = "/api/v1/recognise"


def post(client, data, name="car.jpg", **extra):
    return client.post(URL, {"photo": SimpleUploadedFile(name, data)}, **extra)


@pytest.mark.django_db(transaction=True)
def test_it_answers_in_the_same_request_when_a_worker_is_there(client, jpeg, busy_worker):
    answer = post(client, jpeg)
    assert answer.status_code == 200
    said = answer.json()
    photo = Photo.objects.get()
    assert said == {
        "id": str(photo.pk),
        "status": "ok",
        "kind": "exterior",
        "box": [10, 20, 300, 200],
        "image_size": [320, 240],
        "make": {"name": "Skoda", "confidence": 0.97},
        "candidates": [
            {
                "make": "Skoda",
                "model": "Octavia",
                "years": "2012",
                "confidence": 0.9,
                "alike": [],
                "group_confidence": 0.9,
            }
        ],
        "view": {"name": "front-left", "confidence": 0.8},
        "body": {"name": "wagon", "confidence": 0.7},
        "colour": {"name": "blue", "confidence": 0.9},
        "cars": 1,
        "model_version": "first-00000000",
        "timings_ms": {"total": 12.5},
        "error": "",
    }
    assert photo.listing is None


def test_it_gives_an_address_to_ask_again_when_no_worker_answers(client, jpeg, no_worker, work_off):
    answer = post(client, jpeg)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    where = answer["Location"]
    assert client.get(where).json()["status"] == "pending"
    work_off()
    assert client.get(where).json()["candidates"][0]["model"] == "Octavia"


def test_what_an_older_model_did_not_say_is_null(client, jpeg, no_worker, work_off):
    where = post(client, jpeg)["Location"]
    work_off()
    Prediction.objects.update(view="", view_confidence=None, bodies=[], colours=[], cars=None)
    said = client.get(where).json()
    assert (said["status"], said["view"], said["body"]) == ("ok", None, None)
    assert (said["colour"], said["cars"]) == (None, None)


def test_a_candidate_of_an_older_prediction_has_no_look_alikes(client, jpeg, no_worker, work_off):
    where = post(client, jpeg)["Location"]
    work_off()
    stored = {"make": "Skoda", "model": "Octavia", "years": "2012", "confidence": 0.9}
    Prediction.objects.update(candidates=[stored])
    assert client.get(where).json()["candidates"] == [{**stored, "alike": [], "group_confidence": 0.9}]


def test_a_photo_without_a_car_is_of_kind_other_and_of_no_make(client, jpeg, no_worker, work_off):
    where = post(client, jpeg)["Location"]
    work_off()
    Photo.objects.update(outcome="not_usable", kind="other")
    Prediction.objects.update(outcome="not_usable", kind="other", make_name="", candidates=[], view="", bodies=[])
    said = client.get(where).json()
    assert (said["status"], said["kind"], said["make"], said["candidates"]) == ("not_usable", "other", None, [])


def test_it_keeps_a_recognition_for_an_hour_only(client, db, jpeg, no_worker):
    where = post(client, jpeg)["Location"]
    photo = Photo.objects.get()
    Photo.objects.update(created_at=photo.created_at - timedelta(minutes=61))
    assert client.get(where).status_code == 404
    assert client.get(f"/api/v1/recognitions/{uuid.uuid4()}/").status_code == 404


def test_a_sellers_photo_is_not_to_be_had_as_a_recognition(client, alice, jpeg, no_worker):
    from marketplace.listings.services import listing_create
    from marketplace.photos.services import photo_add

    photo = photo_add(listing=listing_create(seller=alice), data=jpeg, filename="car.jpg")
    assert client.get(f"/api/v1/recognitions/{photo.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"", "car.jpg", 400, "empty"),
        (b"%PDF-1.7 nothing of a picture", "car.jpg", 415, "not_a_picture"),
        (b"\xff\xd8\xff\xe0 nothing of a picture", "car.jpg", 400, None),
    ],
)
def test_it_says_what_is_wrong_with_a_file(client, db, no_worker, data, name, status, code):
    answer = post(client, data, name)
    assert answer.status_code == status
    said = answer.json()
    assert said["detail"].endswith(".")
    assert said["code"] == code if code else said["code"]
    assert not Photo.objects.exists()


def test_it_refuses_a_name_that_lies_about_the_format(client, db, no_worker, jpeg):
    assert post(client, jpeg, "car.png").json()["code"] == "extension_mismatch"


def test_it_refuses_too_large_a_body_before_reading_it(client, db, settings, jpeg):
    settings.PHOTO_MAX_BYTES = 100
    answer = post(client, b"x" * 70_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_it_refuses_a_file_that_is_a_little_too_large(client, db, settings, jpeg):
    settings.PHOTO_MAX_BYTES = len(jpeg) - 1
    assert post(client, jpeg).status_code == 413


def test_it_asks_for_a_photo_when_there_is_none(client, db):
    assert client.post(URL, {}).json()["code"] == "missing"
    assert client.post(URL, {"photo": "words"}).json()["code"] == "missing"
    assert client.post(URL, "{}", content_type="application/json").status_code == 415


def test_it_slows_down_a_caller_who_asks_too_often(client, db, monkeypatch):
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"recognise": "2/min"})
    answers = [client.post(URL, {}, headers={"x-forwarded-for": f"10.0.0.{n}"}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[2]["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{}", "application/json", 415, "wrong_envelope"),
        ("nonsense", "multipart/form-data; boundary=x", 400, "missing"),
        ("nonsense", "multipart/form-data", 400, "wrong_envelope"),
    ],
)
def test_every_refusal_has_its_code_as_the_schema_promises(client, db, body, content_type, status, code):
    answer = client.post(URL, body, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert isinstance(answer.json()["detail"], str)


def test_why_the_worker_failed_is_for_the_log_and_not_for_strangers(client, db, jpeg, no_worker):
    where = post(client, jpeg)["Location"]
    Photo.objects.update(status="failed", outcome="unreadable", error="OSError: /srv/secret/model.bin is away")
    said = client.get(where).json()
    assert said["status"] == "unreadable"
    assert said["error"] == "This photo could not be looked at. Send it again."
