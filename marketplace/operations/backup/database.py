"""A copy of the database that is of one moment, taken while the site runs."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from marketplace.operations.errors import SiteError

FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
# None of these has rows on a site that nobody has used yet.
FILLED = ("accounts_user", "registry_modelversion", "listings_listing", "photos_photo")


def database_file() -> str:
    """The copy's name in a backup; it says which kind of database it is of."""
    return FILES[connection.vendor]


def database_dump(path: Path) -> None:
    """Write the copy. Raises SiteError or OSError."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(_sqlite_file())) as base, closing(sqlite3.connect(path)) as copy:
            base.backup(copy)
        return
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={path}")


def database_load(path: Path) -> None:
    """Replace the database's content, all or nothing. Raises SiteError or OSError."""
    connection.close()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(_sqlite_file())) as base:
            copy.backup(base)
        return
    _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(path))


def database_is_empty() -> bool:
    """Whether nobody has used it: it has no tables, or none of them has rows that people made."""
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in (name for name in FILLED if name in there):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  # names of our own
            if cursor.fetchone():
                return False
    return True


def migrations_applied() -> list[str]:
    """What says which program the copy fits."""
    return sorted(".".join(one) for one in MigrationRecorder(connection).applied_migrations())


def migrations_unknown(applied: Sequence[str]) -> list[str]:
    """Those that this program does not have."""
    here = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return sorted(set(applied) - {".".join(one) for one in here})


def _sqlite_file() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


def _run(program: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise SiteError(f"There is no {program} here: install PostgreSQL's client (Debian: postgresql-client).")
    of = connection.settings_dict
    where = {"PGHOST": of["HOST"], "PGPORT": of["PORT"], "PGUSER": of["USER"], "PGPASSWORD": of["PASSWORD"]}
    environment = os.environ | {name: str(value) for name, value in where.items() if value}
    name = [f"--dbname={of['NAME']}"]
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own program
        [found, *name, *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise SiteError(f"{program} failed: {lines[-1]}")
