"""Limits hold however many calls come at once."""

import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from rest_framework.request import Request

from marketplace.api.throttle import CountingThrottle
from marketplace.counting import budget_spend
from marketplace.operations.redis import redis_command

FILES = {"BACKEND": "marketplace.file_cache.CountingFileCache"}
MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "throttle"}


def asked(host="10.0.0.1"):
    request = Request(RequestFactory().get("/api/v1/makes/", REMOTE_ADDR=host))
    request.user = None
    throttle = CountingThrottle()
    return throttle.allow_request(request, SimpleNamespace(throttle_scope="api")), throttle.wait()


@pytest.fixture
def redis(tmp_path_factory):
    """A Redis of its own; the cache that production has."""
    folder = tmp_path_factory.mktemp("r")
    socket = Path(tempfile.mkdtemp(prefix="fc-")) / "s"  # a socket's path must be short
    server = subprocess.Popen(redis_command(socket=socket, folder=folder))
    for _ in range(200):
        if socket.exists():
            break
        time.sleep(0.05)
    yield {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"unix://{socket}"}
    server.terminate()
    server.wait(30)
    shutil.rmtree(socket.parent)


def test_of_700_calls_at_once_redis_lets_exactly_the_600_that_are_allowed_pass(settings, redis):
    settings.CACHES = {"default": redis}
    with ThreadPoolExecutor(max_workers=50) as pool:
        passed = list(pool.map(lambda _: asked()[0], range(700)))
    assert passed.count(True) == 600
    assert asked("10.0.0.2")[0]


def test_a_budget_of_work_holds_in_redis_too(settings, redis):
    settings.CACHES = {"default": redis}
    with ThreadPoolExecutor(max_workers=20) as pool:
        spent = list(pool.map(lambda _: budget_spend("a", 100, per_minute=1000), range(40)))
    assert 1 <= sum(one.allowed for one in spent) <= 10
    assert not budget_spend("a", 1000, per_minute=1000).allowed
    assert budget_spend("b", 1000, per_minute=1000).used == 1000


@pytest.mark.parametrize("backend", [FILES, MEMORY], ids=["files", "memory"])
def test_of_700_calls_at_once_exactly_the_600_that_are_allowed_pass(settings, tmp_path, backend):
    settings.CACHES = {"default": {"LOCATION": tmp_path, **backend}}
    cache.clear()
    with ThreadPoolExecutor(max_workers=50) as pool:
        passed = list(pool.map(lambda _: asked()[0], range(700)))
    assert passed.count(True) == 600
    assert asked("10.0.0.2")[0]


def test_a_new_window_begins_when_the_old_one_ends(monkeypatch):
    monkeypatch.setattr(CountingThrottle, "parse_rate", lambda *_: (1, 60))
    assert asked()[0]
    allowed, wait = asked()
    assert not allowed
    assert 58 <= wait <= 60
    cache.delete("count:throttle_api_10.0.0.1")  # as the cache does after a minute
    assert asked()[0]


def test_a_call_over_the_limit_is_told_when_to_come_back(client, db, monkeypatch):
    monkeypatch.setattr(CountingThrottle, "parse_rate", lambda *_: (1, 60))
    assert client.get("/api/v1/makes/").status_code == 200
    refused = client.get("/api/v1/makes/")
    assert refused.status_code == 429
    assert 58 <= int(refused["Retry-After"]) <= 60
