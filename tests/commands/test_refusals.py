"""Every refusal is one line that says what to do, with nothing on stdout and an exit code."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError

from tests.training.fakes import photo_write

COMMAND = "marketplace.registry.management.commands.models.versions_list"


def stop_with(monkeypatch, error, what=COMMAND):
    def stopped(*_, **__):
        raise error

    monkeypatch.setattr(what, stopped)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OperationalError("no such table: registry_modelversion"), "Run: python manage.py migrate"),
        (OperationalError("no such column: x.y"), "Run: python manage.py migrate"),
        (ProgrammingError('relation "registry_modelversion" does not exist\nLINE 1: SELECT'), "manage.py migrate"),
        (OperationalError("database is locked"), "Another process is writing to it: try again"),
        (OperationalError("attempt to write a readonly database"), "writable, or set VAR_DIR to another folder."),
        (OperationalError("database or disk is full"), "Free some space"),
        (OperationalError("connection to server failed: Connection refused"), "DATABASE_URL is right."),
        (OSError(28, "No space left on device", "/x/y"), "No space left on device: /x/y. Free some space there"),
        (PermissionError(13, "Permission denied", "/x/y"), "Permission denied: /x/y. Make it readable and writable"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_it_says_what_to_do(manage, monkeypatch, error, advice):
    stop_with(monkeypatch, error)
    ran = manage("models", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert advice in ran.line


def test_ctrl_c_is_one_line_and_130(manage, monkeypatch):
    stop_with(monkeypatch, KeyboardInterrupt())
    ran = manage("models", "--json")
    assert (ran.code, ran.out, ran.line) == (130, "", "Interrupted.")


@pytest.mark.parametrize("words", [["models", "x"], ["retrain", "--epochs", "x"], ["setup_site", "x"], ["classify"]])
def test_wrong_arguments_are_one_line(manage, words):
    ran = manage(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.line.startswith(f"manage.py {words[0]}: error: ")


def test_a_result_that_cannot_be_written_is_said_once(db, capfd):
    class Full(io.StringIO):
        def write(self, _text):
            raise OSError(28, "No space left on device")

    with pytest.raises(CommandError, match="cannot be written to standard output") as refused:
        call_command("models", "--json", stdout=Full())
    assert refused.value.returncode == 2


def test_classify_does_not_answer_with_the_starter_while_the_database_is_away(manage, champion, tmp_path, monkeypatch):
    stop_with(monkeypatch, OperationalError("database is locked"), "marketplace.training.recogniser.champion_get")
    ran = manage("classify", photo_write(tmp_path / "red.jpg", "red"), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "database is locked" in ran.line
