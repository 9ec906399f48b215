"""Whatever is killed, every photo is settled in the end: real processes, real SIGKILL."""

import os
import signal
import time

import pytest

from tests.reliability.site import until

# Broker and processes interact in the same way on every database, so one is enough.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def all_done(site, count):
    photos = site.web("photos")
    return len(photos) == count and all(photo["status"] == "done" for photo in photos)


def test_it_finishes_a_photo_whose_worker_child_was_killed(site):
    site.start_beat()
    site.start_worker()
    site.hold()
    site.web("add", shades=[100])
    child, _ = until(site.looks)[0]
    os.kill(int(child), signal.SIGKILL)
    site.let_go()
    until(lambda: all_done(site, 1))
    assert site.web("photos")[0]["attempts"] == 2
    assert site.looks()[1][0] != child


def test_it_finishes_photos_whose_whole_worker_was_killed(site):
    site.start_beat()
    worker = site.start_worker()
    site.hold()
    site.web("add", shades=[100, 120, 140])
    until(site.looks)
    site.kill(worker)
    site.let_go()
    site.start_worker()
    until(lambda: all_done(site, 3))
    assert site.web("predictions") == 3


@on_sqlite
def test_it_takes_uploads_without_a_broker_and_recognises_them_when_it_is_back(site):
    site.start_worker()
    site.until_woken()  # or its search on start could find the photos of this test
    site.kill(site.redis)
    site.start_beat()  # only now, for the same reason
    started = time.monotonic()
    site.web("add", shades=[100, 120])
    assert time.monotonic() - started < 9  # waiting for the broker would take six seconds for each
    assert [photo["status"] for photo in site.web("photos")] == ["pending", "pending"]
    site.start_redis()
    until(lambda: all_done(site, 2), seconds=60)


@on_sqlite
def test_it_forgets_no_photo_when_redis_loses_the_doorbell(site):
    site.web("add", shades=[100])  # it rings, but no worker runs
    site.kill(site.redis)
    site.start_redis()  # empty: nothing was saved
    site.start_worker()
    site.start_beat()
    until(lambda: all_done(site, 1))


@on_sqlite
def test_it_recognises_a_photo_whose_web_process_died_before_it_rang(site):
    assert site.web("add", shades=[100], die=True) is None
    site.start_worker()
    site.start_beat()
    site.start_web()
    until(lambda: all_done(site, 1))


def test_it_gives_up_a_poisonous_photo_after_three_attempts_and_spares_the_others(site):
    site.web("add", shades=[100, 120])
    site.web("add", shades=[0], colour="red")
    site.web("add", shades=[140, 160])
    site.start_beat()
    site.start_worker()

    def settled():
        photos = site.web("photos")
        return photos if {photo["status"] for photo in photos} <= {"done", "failed"} else None

    photos = until(settled, seconds=60)
    assert [photo["status"] for photo in photos] == ["done", "done", "failed", "done", "done"]
    assert photos[2]["attempts"] == 3
    assert photos[2]["error"] == "The recognition stopped without an answer."
    assert [what for _, what in site.looks()].count("poison") == 3
    assert max(photo["attempts"] for photo in photos if photo["status"] == "done") == 2


def test_a_worker_that_comes_back_late_changes_nothing(site):
    site.start_beat()
    site.start_worker()
    site.hold()
    site.web("add", shades=[100])
    child = int(until(site.looks)[0][0])
    os.kill(child, signal.SIGSTOP)
    site.let_go()
    site.start_worker()
    until(lambda: all_done(site, 1))
    os.kill(child, signal.SIGCONT)
    until(lambda: any("photo_finished_late" in log.read_text() for log in site.var.glob("worker*.log")))
    photo = site.web("photos")[0]
    assert (photo["status"], photo["attempts"], photo["predictions"]) == ("done", 2, [2])


def test_sixteen_claimers_never_share_a_photo(site):
    assert site.web("race", rows=400, claimers=16) == {"photos": 400, "most": 1, "attempts": [1]}


@pytest.mark.parametrize("remove", ["photo", "listing", "visitor"])
def test_who_removes_a_photo_while_a_worker_stores_what_it_saw_is_not_stopped_by_it(site, remove):
    assert site.web("at_once", remove=remove) == {"finished": True, "photos": 0, "predictions": 0}


def test_a_new_version_looks_again_at_every_photo_although_its_worker_is_killed(site):
    site.start_beat()
    worker = site.start_worker()
    site.web("add", shades=[100, 120, 140, 160, 180, 200])
    until(lambda: all_done(site, 6))
    site.hold()
    site.web("promote", name="again")
    until(lambda: len(site.looks()) == 7)  # the first photo of a batch to be recognised again
    site.kill(worker)
    site.web("add", shades=[90, 110])
    site.let_go()
    site.start_worker()
    until(lambda: site.web("second_looks")["asked"] == [["done", 6, 6, 0]], seconds=60)
    assert site.web("second_looks")["seen"] == [["starter", "again"]] * 6 + [["again"]] * 2
    assert {photo["attempts"] for photo in site.web("photos")} == {1}


def test_one_version_serves_however_many_promote_and_roll_back_at_once(site):
    assert site.web("race_of_promotions", rounds=10) == {
        "wrong": [], "champions": 1, "serves_last": True, "unbroken": True, "kinds": ["promote", "rollback"],
    }  # fmt: skip
