"""A cache of what was computed of photos: bounded, shared by processes, never in the way."""

import multiprocessing
import sqlite3
import time

import pytest

from classifier.training.data.pictures import content_cache
from classifier.training.data.pictures.content_cache import DAY, ContentCache


@pytest.fixture
def file(tmp_path):
    return tmp_path / "work" / "kept.sqlite3"


@pytest.fixture
def clock(monkeypatch):
    """Seconds that only go on when told to."""

    class Clock:
        now = 1_000_000

        def time(self):
            return self.now

        monotonic = time

    clock = Clock()
    monkeypatch.setattr(content_cache, "time", clock)
    return clock


def test_what_was_put_in_comes_back_by_kind_and_photo(file):
    ContentCache(file).put("sights", {"a": b"one", "b": b"two"})
    ContentCache(file).put("ears", {"a": b"other"})
    ContentCache(file).put("sights", {"b": b"better"})
    assert ContentCache(file).get("sights", ["b", "a", "missing", "a"]) == {"a": b"one", "b": b"better"}
    assert ContentCache(file).get("nose", ["a"]) == {}


def test_a_value_that_was_edited_or_has_changed_places_is_as_good_as_none(file):
    ContentCache(file).put("sights", {"a": b"one", "b": b"two", "c": b"three"})
    with sqlite3.connect(file) as base:
        base.execute("UPDATE checked SET value = substr(value, 1, 16) || x'00' WHERE digest = 'a'")
        base.execute("UPDATE checked SET value = (SELECT value FROM checked WHERE digest = 'c') WHERE digest = 'b'")
    assert ContentCache(file).get("sights", ["a", "b", "c"]) == {"c": b"three"}
    ContentCache(file).put("sights", {"a": b"one"})
    assert ContentCache(file).get("sights", ["a"]) == {"a": b"one"}


def test_asking_for_thousands_at_once_and_of_a_cache_that_is_not_there(file):
    assert ContentCache(file).get("sights", ["a"]) == {}
    many = {f"photo-{number}": bytes([number % 256]) for number in range(2345)}
    ContentCache(file).put("sights", many)
    assert ContentCache(file).get("sights", list(many)) == many


def test_what_was_unused_the_longest_goes_first_and_nothing_of_today(file, clock):
    cache = ContentCache(file, limit=1000)
    for name in ("first", "second", "third"):
        cache.put("sights", {name: bytes(300)})
        clock.now += 2 * DAY
    assert cache.get("sights", ["first"])  # used again
    cache.put("sights", {"fourth": bytes(300)})
    left = cache.get("sights", ["first", "second", "third", "fourth"])
    assert set(left) == {"first", "third", "fourth"}
    cache.put("sights", {f"today-{number}": bytes(300) for number in range(5)})
    assert len(cache.get("sights", [f"today-{number}" for number in range(5)])) == 5


@pytest.mark.parametrize("damage", [b"", b"no database at all " * 300, None], ids=["emptied", "another file", "broken"])
def test_a_damaged_file_is_made_anew(file, damage):
    cache = ContentCache(file)
    cache.put("sights", {f"photo-{number}": bytes(2000) for number in range(50)})
    with sqlite3.connect(file) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    content = file.read_bytes()
    file.write_bytes(content[:4096] + bytes(len(content) - 4096) if damage is None else damage)
    assert cache.get("sights", ["photo-1"]) == {}
    cache.put("sights", {"photo-1": b"again"})
    assert cache.get("sights", ["photo-1"]) == {"photo-1": b"again"}


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "kept.sqlite3").mkdir()
    with pytest.raises(OSError, match=r"kept\.sqlite3"):
        ContentCache(tmp_path / "kept.sqlite3").put("sights", {"a": b"one"})


def _put_many(file, name):
    for number in range(40):
        ContentCache(file).put("sights", {f"{name}-{number}": name.encode()})


def test_several_processes_put_in_at_once(file):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put_many, args=(file, name)) for name in ("red", "blue", "green")]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0, 0, 0]
    wanted = [f"{name}-{number}" for name in ("red", "blue", "green") for number in range(40)]
    assert len(ContentCache(file).get("sights", wanted)) == 120


def _make_together(folder, name, together):
    for race in range(100):
        together.wait()
        ContentCache(folder / f"{race}.sqlite3").put("sights", {name: b"x"})


def test_several_processes_make_it_at_once(tmp_path):
    # One in twenty lost this race to SQLite's switch of the journal, which does not wait.
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3, timeout=60)
    makers = [context.Process(target=_make_together, args=(tmp_path, name, together)) for name in ("red", "blue", "x")]
    for one in makers:
        one.start()
    for one in makers:
        one.join()
    assert [one.exitcode for one in makers] == [0, 0, 0]


def _put_for_ever(file):
    number = 0
    while True:
        ContentCache(file).put("sights", {f"photo-{number}": bytes(5000), f"twin-{number}": bytes(5000)})
        number += 1


def test_a_killed_process_leaves_whole_entries(file):
    writer = multiprocessing.get_context("spawn").Process(target=_put_for_ever, args=(file,))
    writer.start()
    try:
        deadline = time.monotonic() + 60
        while not ContentCache(file).get("sights", ["photo-20"]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        writer.kill()
        writer.join()
    names = [f"{what}-{number}" for what in ("photo", "twin") for number in range(5000)]
    kept = ContentCache(file).get("sights", names)
    assert {name.partition("-")[2] for name in kept if name.startswith("photo")} == {
        name.partition("-")[2] for name in kept if name.startswith("twin")
    }
    ContentCache(file).put("sights", {"photo-0": b"goes on"})
