"""Who may have an upload decoded now: budgets and turns."""

import threading
import time
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from classifier.decoding.errors import PictureError
from classifier.decoding.work import seconds_expected
from marketplace import counting
from marketplace.counting import budget_spend
from marketplace.photos.intake import turns as turns_module
from marketplace.photos.intake.callers import API, SELLERS, VISITORS, Caller, network_of, program, seller, visitor
from marketplace.photos.intake.turns import NoTurnError, Turns
from tests.pictures import encode

FILES = {"BACKEND": "marketplace.file_cache.CountingFileCache"}
MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "intake"}


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(time=1_800_000_000.0)
    monkeypatch.setattr(counting, "time", SimpleNamespace(time=lambda: now.time))
    return now


@pytest.mark.parametrize("backend", [FILES, MEMORY], ids=["files", "memory"])
def test_a_budget_comes_back_as_time_goes_on(settings, tmp_path, backend, clock):
    settings.CACHES = {"default": {"LOCATION": tmp_path, **backend}}
    cache.clear()
    assert budget_spend("a", 700, per_minute=1000).allowed
    clock.time += 30
    refused = budget_spend("a", 400, per_minute=1000)
    assert (refused.allowed, refused.used, refused.wait) == (False, 700, 30)
    assert budget_spend("a", 300, per_minute=1000).used == 1000  # what was refused has cost nothing
    assert budget_spend("b", 1000, per_minute=1000).allowed
    clock.time += 30
    assert budget_spend("a", 400, per_minute=1000).used == 700


def test_whoever_wants_more_than_there_ever_is_gets_all_of_it(clock):
    assert budget_spend("greedy", 5_000, per_minute=1000).allowed
    assert not budget_spend("greedy", 1, per_minute=1000).allowed


@pytest.mark.parametrize("backend", [FILES, MEMORY], ids=["files", "memory"])
def test_calls_at_once_never_spend_more_than_there_is(settings, tmp_path, backend):
    settings.CACHES = {"default": {"LOCATION": tmp_path, **backend}}
    cache.clear()
    results = []

    def spend():
        results.append(budget_spend("many", 100, per_minute=1000).allowed)

    threads = [threading.Thread(target=spend) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= results.count(True) <= 10


def test_the_work_is_told_from_the_header(encoded, picture):
    small, large = (seconds_expected(encoded(width=w, height=w * 3 // 4), "JPEG") for w in (640, 4032))
    slow = encode(picture(4032, 3024), progressive=True)
    assert small < large < seconds_expected(slow, "JPEG")
    for kind in ("PNG", "WEBP", "HEIF"):
        assert seconds_expected(encoded(kind, width=2000, height=1500), kind) == pytest.approx(0.2, abs=0.05)
    assert seconds_expected(b"\x89PNG\r\n\x1a\n" + b"\0" * 8, "PNG") > 0.5  # does not say: not cheap


def test_a_file_of_too_many_scans_is_refused_without_a_child(picture, monkeypatch):
    from tests.photos.test_ingest import rejected, with_scans

    monkeypatch.setattr("marketplace.photos.ingest.subprocess.run", lambda *_, **__: pytest.fail("a child started"))
    data = with_scans(encode(picture(3000, 3000), progressive=True), 3000)
    with pytest.raises(PictureError):
        seconds_expected(data, "JPEG")
    assert rejected(data).reason_code == "too_complex"


def test_callers_are_told_apart_by_account_address_or_network(alice, settings):
    ask = RequestFactory().post
    assert visitor(ask("/", REMOTE_ADDR="10.0.0.1")) == Caller(VISITORS, "address-10.0.0.1")
    assert program(ask("/", REMOTE_ADDR="10.0.0.1")).lane is API
    signed_in = ask("/")
    signed_in.user = alice
    assert visitor(signed_in) == Caller(VISITORS, f"account-{alice.pk}")
    assert seller(alice.pk) == Caller(SELLERS, f"account-{alice.pk}")
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:10.0.0.1") == "10.0.0.1"
    settings.PROXIES = 1
    forged = ask("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "9.9.9.9, 10.0.0.7"})
    assert visitor(forged).who == "address-10.0.0.7"


class Line:
    """Threads that want a turn, and the order in which they got it."""

    def __init__(self, lane, *, turns=None):
        self.turns = turns or Turns()
        self.lane, self.got, self.refused, self.threads = lane, [], [], []
        self.go_on = threading.Event()

    def want(self, who, *, used):
        def wanting():
            try:
                with self.turns.turn(Caller(self.lane, who), used=used):
                    self.got.append(who)
                    self.go_on.wait(5)
            except NoTurnError:
                self.refused.append(who)

        thread = threading.Thread(target=wanting)
        self.threads.append(thread)
        thread.start()
        time.sleep(0.05)

    def end(self):
        self.go_on.set()
        for thread in self.threads:
            thread.join(10)


@pytest.fixture
def one_turn(monkeypatch):
    """A lane with one turn, which several threads may wait for."""
    lane = turns_module.Lane("visitor", turns=1, nice=0, wait_s=5, threads=0.5)
    return Line(lane)


def test_who_has_had_least_goes_first(one_turn):
    one_turn.want("holds", used=0)
    for number in range(3):
        one_turn.want("greedy", used=1000 + number)
    one_turn.want("modest", used=100)
    one_turn.end()
    assert one_turn.got == ["holds", "modest", "greedy", "greedy", "greedy"]


def test_processes_share_the_turns_of_a_machine(one_turn):
    """Another Turns object stands for another process: they meet in the files alone."""
    one_turn.want("here", used=0)
    other = Line(one_turn.lane)
    other.want("there", used=0)
    assert (one_turn.got, other.got) == (["here"], [])
    one_turn.end()
    other.end()
    assert other.got == ["there"]


def test_one_caller_does_not_occupy_the_web_process(one_turn):
    for _ in range(6):
        one_turn.want("greedy", used=0)
    assert one_turn.refused == ["greedy", "greedy"]
    one_turn.end()


def test_visitors_never_take_the_turns_of_sellers(one_turn, monkeypatch, encoded, alice, listing, rings, media):
    from marketplace.photos.services import photo_add

    for number in range(8):
        one_turn.want(f"visitor-{number}", used=0)
    assert photo_add(listing=listing, data=encoded(), filename="a.jpg")
    one_turn.end()


def test_a_visitor_who_sent_too_much_work_is_told_when_to_come_back(client, db, encoded, settings, media, rings):
    settings.VISITOR_DECODE_SECONDS = 1
    data = encoded("PNG", width=4000, height=4000)

    def ask(**more):
        return client.post("/identify/", {"photo": SimpleUploadedFile("car.png", data)}, **more)

    assert ask().status_code == 302
    refused = ask(headers={"Accept": "application/json"})
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert f"in {refused['Retry-After']} seconds" in refused.json()["message"]
    assert ask(REMOTE_ADDR="10.0.0.9").status_code == 302
    settings.API_DECODE_SECONDS = 1
    answers = [client.post("/api/v1/recognise", {"photo": SimpleUploadedFile("car.png", data)}) for _ in range(2)]
    assert answers[1].status_code == 429
    assert answers[1].json()["code"] == "too_much_work"
    assert 1 <= int(answers[1]["Retry-After"]) <= 60
