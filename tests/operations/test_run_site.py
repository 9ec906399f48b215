"""`make run`: one command starts a whole site, and no process is left behind."""

import json
import os
import re
import signal
import socket
import sys
import time
from contextlib import contextmanager

import pytest
import torch

from classifier.artefact import ArtefactSpec, Preprocessing, TrainedClass, artefact_write
from marketplace.operations import run
from tests.operations.site import RunningSite

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc"),
]


@contextmanager
def sites_started(tmp_path_factory):
    """A function that starts a site; all are killed at the end."""
    sites = []

    def begin(var=None, port=None, serve=True):
        var = var or tmp_path_factory.mktemp("site") / "var"
        if not (var / "weights").exists():
            spec = ArtefactSpec(
                task="classifier",
                backbone="none",
                preprocessing=Preprocessing(input_size=32),
                classes=(TrainedClass("Skoda", "Fabia"),),
            )
            artefact_write(
                parent=var / "weights" / "classifier", name="blind", spec=spec, state_dict={"head": torch.zeros(1)}
            )
        site = RunningSite(var, port)
        sites.append(site)
        return site.wait_until_it_serves() if serve else site

    try:
        yield begin
    finally:
        for site in sites:
            site.kill_everything()


@pytest.fixture
def start(tmp_path_factory):
    with sites_started(tmp_path_factory) as begin:
        yield begin


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A site for the tests that only ask it something; no test may end it."""
    with sites_started(tmp_path_factory) as begin:
        yield begin()


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A folder for the tests that end a site: all but the first find one that was set up before."""
    return tmp_path_factory.mktemp("used") / "var"


def test_it_serves_prints_the_accounts_and_ends_with_all_its_processes_on_ctrl_c(start):
    site = start()
    assert f"http://127.0.0.1:{site.port}" in site.said()
    accounts = json.loads((site.var / "demo-accounts.json").read_text())
    for account in accounts:
        assert re.search(rf"{account['email']} +{account['password']}", site.said())
    assert (site.var / "demo-accounts.json").stat().st_mode & 0o777 == 0o600
    assert f"Empty site: fill it with examples: VAR_DIR={site.var} .venv/bin/python manage.py demo" in site.said()
    assert len(site.processes()) >= 5  # supervisor, Redis, web, worker, scheduler

    os.kill(site.process.pid, signal.SIGINT)
    assert site.process.wait(timeout=15) == 0
    assert site.all_gone(seconds=2), site.said()
    assert "Traceback" not in site.said()


def test_it_shows_no_traceback_and_answers_nobody_elses_name(running):
    status, page = running.get("/no-such-page/")
    assert status == 404
    assert "URLconf" not in page
    assert "DEBUG" not in page


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_nothing_is_left_when_the_supervisor_is_ended(start, used, end):
    site = start(var=used)
    os.kill(site.process.pid, end)
    site.process.wait(timeout=15)
    assert site.all_gone(), site.said()


def test_it_starts_again_after_everything_was_killed(start, used):
    site = start(var=used)
    before = (site.var / "demo-accounts.json").read_text()
    site.kill_everything()
    assert (site.var / "redis.sock").exists()
    again = start(var=site.var, port=site.port)
    assert (site.var / "demo-accounts.json").read_text() == before
    assert again.get("/healthz")[0] == 200


def test_it_answers_while_the_engine_is_prepared_and_sigterm_leaves_nothing_behind(start, tmp_path_factory):
    var = tmp_path_factory.mktemp("first") / "var"
    var.mkdir()
    (var / "slow").touch()
    site = start(var=var)
    assert "Engine: blind" not in site.said()
    site.process.terminate()
    assert site.process.wait(timeout=15) == 0
    assert site.all_gone(), site.said()
    (var / "slow").unlink()
    start(var=var, port=site.port)


def test_sigterm_during_the_set_up_leaves_nothing_behind(tmp_path_factory):
    site = RunningSite(tmp_path_factory.mktemp("early") / "var")
    deadline = time.monotonic() + 30
    while "Database:" not in site.said() and time.monotonic() < deadline:
        time.sleep(0.05)
    site.process.terminate()
    assert site.process.wait(timeout=15) == -signal.SIGTERM
    assert site.all_gone(seconds=2)


def test_two_sites_run_side_by_side_and_a_long_folder_name_is_no_trouble(running, start, tmp_path_factory):
    first = running
    folder = tmp_path_factory.mktemp("long") / ("a-folder-with-a-long-name-" * 5)[:120]
    second = start(var=folder)
    assert len(os.fsencode(folder / "redis.sock")) > 107
    assert first.get("/healthz")[0] == second.get("/healthz")[0] == 200
    assert json.loads((first.var / "demo-accounts.json").read_text()) != json.loads(
        (second.var / "demo-accounts.json").read_text()
    )
    assert not (second.var / "redis.sock").exists()
    os.kill(second.process.pid, signal.SIGINT)
    second.process.wait(timeout=15)
    assert first.get("/healthz")[0] == 200


def test_it_says_in_one_line_that_a_port_is_in_use(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site = start(port=port, serve=False)
        assert site.process.wait(timeout=30) == 2
    assert f"Port {port} is in use. Choose another: make run PORT={port + 1}" in site.said()
    assert "Traceback" not in site.said()


def test_its_processes_get_the_key_unless_they_find_it_in_its_file(settings, monkeypatch):
    for name in ("SECRET_KEY", "SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert run._environment(8000)["SECRET_KEY"] == settings.SECRET_KEY
    monkeypatch.setenv("SECRET_KEY_FILE", "/run/secrets/key")
    assert "SECRET_KEY" not in run._environment(8000)


def test_it_refuses_a_second_site_in_the_same_folder(running):
    second = RunningSite(running.var)
    assert second.process.wait(timeout=30) == 2
    assert f"runs already (process {running.process.pid})" in second.said()
    assert running.get("/healthz")[0] == 200


def test_it_says_in_one_line_that_a_folder_cannot_be_written(start, tmp_path):
    (tmp_path / "var").touch()
    site = RunningSite(tmp_path / "var")
    assert site.process.wait(timeout=30) == 2
    assert site.said().startswith("Cannot make the folder")
    assert len(site.said().splitlines()) == 1
