"""Django's settings for the site's database: SQLite in a file, or a PostgreSQL server."""

from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

# PostgreSQL's classes of errors: connection, shutdown or start, resources; 53100 is a full disk.
_AWAY_CLASSES, _FULL_CODE = ("08", "57P", "53"), "53100"
_SQLITE_AWAY = ("unable to open", "database is locked", "disk i/o error")


def database_outage(error: BaseException) -> Literal["away", "full", ""]:
    """Whether this error of Django's says that the database cannot work now, and a retry may help.

    "full": it has no space. "": the fault is the statement's, or the program's.
    """
    if type(error).__name__ not in ("OperationalError", "InterfaceError"):
        return ""
    code, said = getattr(error.__cause__, "pgcode", None), str(error).lower()
    if code is not None:
        return "full" if code == _FULL_CODE else "away" if code.startswith(_AWAY_CLASSES) else ""
    if type(error.__cause__).__module__.startswith("psycopg2"):  # no answer, so no code: no connection
        return "away"
    return "full" if "disk is full" in said else "away" if any(words in said for words in _SQLITE_AWAY) else ""


def sqlite(file: Path) -> dict[str, object]:
    """SQLite settings for a web process and a worker at the same time.

    WAL lets readers continue during a write. IMMEDIATE takes the write lock at the start of a
    transaction, so that two writers queue instead of failing half-way.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        # A file, not memory: some tests run a real worker in another process.
        "TEST": {"NAME": file.with_name("test.sqlite3")},
    }


def postgres(url: str) -> dict[str, object]:
    """Settings for postgres://user:password@host:port/name. Raises ValueError for any other URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError("not the address of a PostgreSQL database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or 5432,
        # Options for libpq, such as sslmode=require: dropping that would send passwords
        # unencrypted.
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
