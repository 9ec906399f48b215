"""Sites on the database that the suite runs on: SQLite, or PostgreSQL where DATABASE_URL is set."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.postgres import new_database
from tests.reliability.site import Site

SERVER = os.environ.get("DATABASE_URL")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request):
    """None for SQLite in the site's folder, or the URL of a new, temporary PostgreSQL database."""
    if request.param == "sqlite":
        if SERVER:
            pytest.skip("this run is PostgreSQL's: `make test` without DATABASE_URL runs it on SQLite")
        yield None
        return
    if not SERVER:
        pytest.skip("this run is SQLite's: `DATABASE_URL=… make test-database` runs it on PostgreSQL")
    with new_database(SERVER, "killed") as url:
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
