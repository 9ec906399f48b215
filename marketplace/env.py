"""Reads the environment once, typed, and loudly refuses nonsense."""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
# sockaddr_un: 108 bytes on Linux, 104 on macOS and the BSDs, with the closing NUL.
MAX_SOCKET_PATH = 103


def text(name: str, default: str | None = None) -> str:
    """The variable as text; raises ImproperlyConfigured when it is unset and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error
    if number < minimum:
        raise ImproperlyConfigured(f"{name}={number} is below {minimum}.")
    return number


def choice(name: str, default: str, options: Sequence[str]) -> str:
    """One of a few words, whatever its case."""
    value = os.environ.get(name) or default
    found = next((option for option in options if option.lower() == value.lower()), None)
    if found is None:
        raise ImproperlyConfigured(f"{name}={value!r} is none of {', '.join(options)}.")
    return found


def rate(name: str, default: str) -> str:
    """How often a caller may ask, as Django REST framework reads it: "60/min"."""
    value = os.environ.get(name) or default
    if not re.fullmatch(r"\d+/(s|sec|second|m|min|minute|h|hour|d|day)", value):
        raise ImproperlyConfigured(f"{name}={value!r} must look like 60/min (or /second, /hour, /day).")
    return value


def redis(name: str) -> str:
    """A Redis server's address, or "" for the embedded one."""
    value = os.environ.get(name, "")
    if value and not re.match(r"rediss?://[^/]", value):
        raise ImproperlyConfigured(f"{name} must look like redis://host:6379/0.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    """A folder that this process may write to, made if it is not there."""
    path = Path(os.environ.get(name) or default).resolve()
    advice = f"Make it writable or set {name} to another folder."
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"Cannot make the folder {path}: {error.strerror}. {advice}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"Cannot write to the folder {path}. {advice}")
    return path


def socket_path(wanted: Path) -> Path:
    """The path for a Unix socket: the wanted one or, where the system would cut it off, a short one in its place.

    Every process of a site works it out anew, so it depends on nothing but the wanted path and the user.
    """
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    # Not tempfile's folder: TMPDIR may differ between the processes. Whoever makes it checks whose it is.
    return Path("/tmp") / f"forecourt-{os.getuid()}-{digest}" / wanted.name  # noqa: S108


def secret(name: str, *, keep_in: Path, generate: bool) -> str:
    """A secret from the environment or, where ``generate`` allows it, one made once and kept in a file of mode 0600."""
    value = os.environ.get(name)
    if value:
        return value
    if not generate:
        raise ImproperlyConfigured(f"Set {name} to a long random string; there is no default outside DEBUG.")
    try:
        keep_in.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(keep_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _secret_read(keep_in)
        with os.fdopen(descriptor, "w") as file:
            value = secrets.token_urlsafe(50)
            file.write(value)
            return value
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write {keep_in}: {error.strerror}. Make the folder writable or set VAR_DIR to another one."
        ) from error


def _secret_read(path: Path) -> str:
    """The kept secret; two processes that start at once may meet while the first is still writing it."""
    for _ in range(50):
        if kept := path.read_text():
            return kept
        time.sleep(0.02)
    raise ImproperlyConfigured(f"{path} is empty. Remove it, and a new secret is made.")


def database(name: str, *, default_sqlite: Path) -> dict[str, object]:
    """Django's settings for one database, from a ``postgres://user:password@host:port/name`` URL or SQLite by default.

    SQLite serves a web process and a worker at once: WAL lets readers go on while one writes, IMMEDIATE takes the
    write lock at the start of a transaction, so that two writers queue instead of failing half-way.
    """
    url = os.environ.get(name, "")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": default_sqlite,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
            # A file, not memory: tests run a real worker process beside the test's own.
            "TEST": {"NAME": default_sqlite.with_name("test.sqlite3")},
        }
    advice = f"{name} must look like postgres://user:password@host:5432/name."
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError as error:
        raise ImproperlyConfigured(advice) from error
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(advice)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": port,
        # What follows "?" is libpq's, such as sslmode=require: without it passwords would travel unencrypted.
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
