"""Run commands as the shell does, with their exit code, stdout and stderr."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import ManagementUtility

from tests.moderation.conftest import cars, waiting  # noqa: F401  # fixtures
from tests.registry.conftest import artefact, registered  # noqa: F401  # fixtures
from tests.training.conftest import champion, classes, manifest, site, trained  # noqa: F401  # fixtures


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr."""
        lines = [line for line in self.err.splitlines() if "chatter" not in line]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def manage(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`manage("classify", "a.jpg", "--json")`"""
    # A command closes the database connections at its end, but the test still needs them.
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)
    # It also sets up Django again. That configures logging and closes all handlers, one of which
    # writes to pytest's capture.
    monkeypatch.setattr("django.setup", lambda: None)

    def run(*arguments: object) -> Ran:
        code: Any = 0
        capfd.readouterr()
        try:
            ManagementUtility(["manage.py", *map(str, arguments)]).execute()
        except SystemExit as end:
            code = end.code or 0
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run
