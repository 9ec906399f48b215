"""How workers are started."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketplace.env import environment_read
from marketplace.operations import worker
from marketplace.operations.run import _commands


@pytest.fixture
def begun(monkeypatch):
    """What was run and become, in order."""
    done = []

    class Became(Exception):
        pass

    def become(_path, command):
        done.append(command)
        raise Became

    class Ran:
        returncode = 0

    monkeypatch.setattr(worker.os, "execv", become)
    monkeypatch.setattr(worker.subprocess, "run", lambda command, **_: done.append(command[2:]) or Ran)

    def begin(*queues):
        with pytest.raises(Became):
            worker.worker_run(queues=queues)
        return done

    return begin


def test_a_worker_of_photos_has_its_engine_ready_first(begun):
    prepared, became = begun("recognise", "mail")
    assert prepared == ["setup_site", "--only-engine"]
    assert "--queues=recognise,mail" in became
    assert "--hostname=recognise@%h" in became  # so that several on one machine have names of their own


def test_a_worker_of_mails_needs_none(begun):
    (became,) = begun("mail")
    assert "--queues=mail" in became


def test_make_run_starts_the_workers_that_it_is_told_and_every_queue_has_one(settings, monkeypatch):
    settings.REDIS_URL = "redis://elsewhere:6379/0"
    monkeypatch.setenv("WORKERS", "recognise;look-again,mail,celery;train")
    settings.WORKERS = environment_read().WORKERS
    workers = [command[3:] for name, command in _commands().items() if name.startswith("worker")]
    assert workers == [["recognise"], ["look-again", "mail", "celery"], ["train"]]
    for wrong in (
        "recognise,mail",
        "recognise,look-again,mail,celery,paint;train",
        "recognise,look-again,mail,celery,train",
    ):
        monkeypatch.setenv("WORKERS", wrong)
        with pytest.raises(ImproperlyConfigured, match="WORKERS"):
            environment_read()
