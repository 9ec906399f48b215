"""What a site refuses to start with."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace import checks
from marketplace.var_dir import MAX_SOCKET_PATH, socket_path

ids = lambda messages: [message.id for message in messages]  # noqa: E731


def test_debug_is_for_this_machine_only(settings):
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    assert ids(checks.debug_stays_at_home()) == []
    settings.ALLOWED_HOSTS = ["cars.example"]
    assert ids(checks.debug_stays_at_home()) == ["forecourt.E001"]


@pytest.mark.parametrize("key", ["short", "please-change-me-please-change-me-please-change-me"])
def test_an_example_is_no_secret(settings, key):
    settings.SECRET_KEY = key
    settings.DEBUG = False
    assert ids(checks.secret_is_secret()) == ["forecourt.E002"]


@pytest.mark.parametrize(("verification", "found"), [("optional", 1), ("none", 1), ("mandatory", 0)])
def test_a_site_for_everybody_confirms_addresses(settings, verification, found):
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    assert ids(checks.sign_up_tells_nobody()) == ["forecourt.W003"] * found


@pytest.mark.parametrize("hosts", [[], ["*"]])
def test_hosts_must_be_named(settings, hosts):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.hosts_are_named()) == ["forecourt.E003"]


def test_missing_starter_weights_are_named(settings, tmp_path):
    settings.STARTER_WEIGHTS_DIR = tmp_path
    (tmp_path / "usable" / "some-00000000").mkdir(parents=True)
    (tmp_path / "usable" / "some-00000000" / "model.json").touch()
    assert "detector, classifier" in checks.starter_weights_are_there()[0].msg


@pytest.mark.parametrize(
    ("name", "meant"), [("ALOWED_HOSTS", "ALLOWED_HOSTS"), ("PHOTO_BACTH", "PHOTO_BATCH"),
    ("SECRET_KEY_FIEL", "SECRET_KEY_FILE"), ("WEB_CONCURENCY", "WEB_CONCURRENCY")],
)  # fmt: skip
def test_a_misspelt_variable_is_told_of(monkeypatch, name, meant):
    monkeypatch.setattr("os.environ", {name: "1"})
    (warning,) = checks.variables_are_spelt_right()
    assert (warning.id, warning.msg) == ("forecourt.W002", f"{name} is set, but nothing reads it.")
    assert warning.hint == f"Did you mean {meant}?"


@pytest.mark.parametrize(
    "others",
    [
        ["PATH", "EDITOR", "LOGLEVEL", "DEBUGINFOD_URLS", "HOST", "PORT", "POSTGRES_PASSWORD", "PUBLISH", "CAR_PHOTOS"],
        ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "DATABASE_NAME", "EMAIL", "EMAIL_FROM", "SSH_AUTH_SOCK"],
        ["DATABASE_URL", "DATABASE_URI"],  # ours is set, so the other is another program's
    ],
)
def test_what_others_read_is_not_taken_for_a_misspelling(monkeypatch, others):
    monkeypatch.setattr("os.environ", dict.fromkeys(others, "1"))
    assert checks.variables_are_spelt_right() == []


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"DEBUG": "0"}, "Set SECRET_KEY to a long random string; there is no default outside DEBUG."),
        ({"DEBUG": "maybe"}, "DEBUG='maybe' is neither true nor false."),
        ({"PHOTO_BATCH": "many"}, "PHOTO_BATCH='many' is not a whole number."),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must look like postgres://user:password@host:5432/name."),
        ({"DATABASE_URL": "postgres://h:port/y"}, "DATABASE_URL must look like postgres://"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must look like redis://host:6379/0."),
        ({"RECOGNISER_ENGINE": "tensorflow"}, "RECOGNISER_ENGINE='tensorflow' is none of auto, openvino, torch."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud' is none of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        ({"API_RATE": "often"}, "API_RATE='often' must look like 60/min (or /second, /hour, /day)."),
        ({"VAR_DIR": "/dev/null/x"}, "Cannot make the folder /dev/null/x: Not a directory."),
    ],
)
def test_a_wrong_environment_is_one_line_and_exit_2(tmp_path, variables, line):
    environment = {"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path), **variables}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1


def test_a_long_socket_path_is_replaced_by_a_short_one_that_all_processes_agree_on(tmp_path):
    assert socket_path(tmp_path / "redis.sock") == tmp_path / "redis.sock"
    long = tmp_path / ("x" * 120) / "redis.sock"
    assert len(str(socket_path(long))) <= MAX_SOCKET_PATH
    assert socket_path(long) == socket_path(long) != socket_path(tmp_path / ("y" * 120) / "redis.sock")


def test_nothing_is_to_be_warned_of_where_the_example_is_filled_in(tmp_path):
    lines = (Path(__file__).parents[2] / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "POSTGRES_PASSWORD": "secret",
        "EMAIL_HOST": "mail.example",
        "DEBUG": "0",
    }
    environment = {"PATH": "/usr/bin:/bin", **example, **filled, "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
