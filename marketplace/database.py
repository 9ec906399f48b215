"""Django's settings for the site's database: SQLite in a file, or a PostgreSQL server."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


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
