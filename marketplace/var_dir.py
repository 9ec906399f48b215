"""VAR_DIR: the folder itself, the secret key kept in it and the socket of the embedded Redis."""

import hashlib
import os
import secrets
import time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# sockaddr_un holds 108 bytes on Linux and 104 on macOS and the BSDs, including the final NUL.
MAX_SOCKET_PATH = 103


def folder_ready(wanted: Path) -> Path:
    """The absolute folder, created if missing. Raises ImproperlyConfigured if not writable."""
    path = wanted.resolve()
    advice = "Make it writable or set VAR_DIR to another folder."
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"Cannot make the folder {path}: {error.strerror}. {advice}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"Cannot write to the folder {path}. {advice}")
    return path


def socket_path(wanted: Path) -> Path:
    """The path for a Unix socket: the wanted one or, if it is too long for the system, a short one.

    Every process of a site computes it again, so it depends only on the wanted path and the user.
    """
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    # Not tempfile's folder: TMPDIR may differ between the processes. The code that creates the
    # folder checks its owner (operations.redis.socket_folder_prepare).
    return Path("/tmp") / f"forecourt-{os.getuid()}-{digest}" / wanted.name  # noqa: S108


def secret_kept(path: Path) -> str:
    """A secret, generated once and kept in a file of mode 0600. Raises ImproperlyConfigured."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _secret_read(path)
        with os.fdopen(descriptor, "w") as file:
            value = secrets.token_urlsafe(50)
            file.write(value)
            return value
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write {path}: {error.strerror}. Make the folder writable or set VAR_DIR to another one."
        ) from error


def _secret_read(path: Path) -> str:
    """The kept secret. If two processes start at once, the other one may still be writing it."""
    for _ in range(50):
        if kept := path.read_text():
            return kept
        time.sleep(0.02)
    raise ImproperlyConfigured(f"{path} is empty. Remove it, and a new secret is made.")
