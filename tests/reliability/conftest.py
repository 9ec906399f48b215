"""Sites on SQLite and, if a server can be reached, on PostgreSQL."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest

from tests.postgres import new_database
from tests.reliability.site import Site

SERVER = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request):
    """None for SQLite in the site's folder, or the URL of a new, temporary PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    with ExitStack() as dropped_afterwards:
        try:
            url = dropped_afterwards.enter_context(new_database(SERVER, "killed"))
        except psycopg2.OperationalError as error:
            if "DATABASE_URL" in os.environ:
                raise
            pytest.skip(f"no PostgreSQL server can be reached: {error}")
        yield url


@pytest.fixture(scope="module")
def migrated(database_url):
    var = Path(tempfile.mkdtemp(prefix="fc-"))  # short: a Unix socket's path has room for about 100 letters
    try:
        yield Site(var, database_url)
    finally:
        shutil.rmtree(var)


@pytest.fixture
def site(migrated):
    try:
        migrated.begin()
        yield migrated
    finally:
        migrated.stop()
