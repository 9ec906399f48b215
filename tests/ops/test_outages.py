"""Redis away: nobody is let through uncounted, and everybody is told in words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.ops.site import free_port
from tests.photos.conftest import car_like, encode

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_away(settings):
    """A cache on a port where nothing listens."""
    address = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}}


@pytest.mark.usefixtures("redis_away")
def test_signing_in_says_to_come_back_in_a_minute(client):
    answer = client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert b"try again in a minute" in answer.content


@pytest.mark.usefixtures("redis_away")
def test_a_program_gets_a_code_it_can_act_on(client):
    photo = SimpleUploadedFile("car.jpg", encode(car_like()), content_type="image/jpeg")
    answer = client.post("/api/v1/recognise", {"photo": photo})
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


@pytest.mark.usefixtures("redis_away")
def test_browsing_goes_on(client):
    assert client.get("/").status_code == 200
