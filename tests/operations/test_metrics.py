"""/metrics"""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from marketplace.photos.models import Photo, Prediction
from marketplace.photos.services import PhotoRejected, photo_add
from tests.factories import ListingFactory, PhotoFactory, PredictionFactory, UserFactory, verdict_of
from tests.factories.listings import ANOTHER_CAR


def figures(client):
    cache.clear()
    text = client.get("/metrics").content.decode()
    return {name: float(value) for name, value in re.findall(r"^(forecourt_\S+) (\S+)$", text, re.M)}


def test_this_machine_may_see_them(client, db):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert b"django_http_requests_total" in response.content


def test_other_machines_may_not_not_even_through_a_proxy_here(client, db, alice):
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
    client.force_login(alice)
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404


def test_staff_may_see_them_from_anywhere(client, db):
    client.force_login(UserFactory(staff=True))
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200


def test_with_a_token_only_its_bearer_may(client, db, settings):
    settings.METRICS_TOKEN = "let me see"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer something else"}).status_code == 404
    ok = client.get("/metrics", headers={"authorization": "Bearer let me see"}, REMOTE_ADDR="10.1.2.3")
    assert ok.status_code == 200


def test_queues_show_how_much_waits_and_since_when(client, db):
    Photo.objects.filter(pk=PhotoFactory().pk).update(created_at=timezone.now() - timedelta(seconds=90))
    PhotoFactory(claimed=True)
    PhotoFactory(done=True)
    told = figures(client)
    assert told['forecourt_queue_depth{queue="recognise"}'] == 2
    assert 90 <= told['forecourt_queue_oldest_seconds{queue="recognise"}'] < 120
    assert told['forecourt_queue_depth{queue="mail"}'] == told['forecourt_queue_oldest_seconds{queue="train"}'] == 0


def test_recognitions_are_counted_by_outcome_and_version_with_their_latencies(client, db):
    one = PredictionFactory(timings_ms={"detect": 10.0})
    Prediction.objects.filter(pk=PredictionFactory(model_version=one.model_version).pk).update(
        timings_ms={"detect": 30.0}
    )
    told = figures(client)
    assert told[f'forecourt_recognitions{{outcome="ok",version="{one.model_version}"}}'] == 2
    assert told['forecourt_stage_milliseconds{quantile="0.5",stage="detect"}'] == 20


def test_refused_uploads_are_counted_by_reason(client, db):
    name = 'forecourt_uploads_rejected_total{reason="empty"}'
    before = figures(client).get(name, 0)
    with pytest.raises(PhotoRejected):
        photo_add(listing=None, data=b"", filename="a.jpg")
    assert figures(client)[name] == before + 1


def test_what_forms_filled_in_is_shown_as_kept_confirmed_or_overridden(client, db):
    sure = verdict_of(("Audi", "A4", 0.99))
    ListingFactory(submitted=True, verdict=sure, autofilled=["car_model", "make"])
    ListingFactory(submitted=True, verdict=sure, touched=["car_model"], contradicts=ANOTHER_CAR)
    ListingFactory(submitted=True, verdict=sure, touched=["car_model"])
    ListingFactory(submitted=True, verdict=None)
    told = figures(client)
    assert [told[f'forecourt_autofill{{result="{one}"}}'] for one in ("kept", "overridden", "confirmed", "none")] == [
        1, 1, 1, 1,
    ]  # fmt: skip
