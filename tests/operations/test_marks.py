"""The marks by which `make test-fast` and `make test-database` choose."""

import re
from pathlib import Path

from tests.conftest import LONG, ON_DATABASE_URL

TESTS = Path(__file__).resolve().parents[1]


def test_every_test_that_starts_on_the_suites_database_is_marked():
    """pytest-django watches over the rest: it lets no test near the database without a mark."""
    uses = re.compile(r"new_database\(|os\.environ(\.get\(|\[)\"DATABASE_URL\"")
    found = {
        f"tests/{path.relative_to(TESTS).parent.as_posix()}/"
        for path in TESTS.rglob("*.py")
        if path.name not in {"postgres.py", Path(__file__).name} and uses.search(path.read_text())
    }
    assert found == set(ON_DATABASE_URL)


def test_everything_that_is_called_long_is_there():
    assert [path for path in LONG if not (TESTS.parent / path).exists()] == []
