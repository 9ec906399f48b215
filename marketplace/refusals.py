"""Errors that stop a command, each as one clear line that says what to do about it."""

import errno

from django.conf import settings
from django.db import DatabaseError, ProgrammingError

ADVICE = {
    errno.ENOSPC: "Free some space there, or set VAR_DIR to a folder on another disk.",
    errno.EDQUOT: "Free some of your quota there, or set VAR_DIR to a folder on another disk.",
    errno.EFBIG: "Files may not grow that large here: raise the limit (ulimit -f) or choose another folder.",
    errno.EACCES: "Make it readable and writable for the user who runs this, or name another one.",
    errno.EPERM: "Make it readable and writable for the user who runs this, or name another one.",
    errno.EROFS: "It lies on a disk that is read-only: name another folder, or set VAR_DIR to one.",
}


class Refused(Exception):
    """The command cannot be carried out; the message is one clear line for the operator."""


def not_migrated(error: DatabaseError) -> bool:
    """Whether the database responds, but lacks a table or a column."""
    # PostgreSQL raises an exception class for this; with SQLite only the message says so.
    return isinstance(error, ProgrammingError) or str(error).startswith(("no such table", "no such column"))


def database_refusal(error: DatabaseError) -> str:
    """Why the database cannot be used, and what to do."""
    said = " ".join(str(error).split())
    if not_migrated(error):
        advice = "Run: python manage.py migrate && python manage.py setup_site"
    elif "locked" in said:
        advice = "Another process is writing to it: try again, or end that process."
    elif "readonly" in said or "unable to open" in said:
        advice = f"Make {settings.VAR_DIR} and what is in it writable, or set VAR_DIR to another folder."
    elif "full" in said or "No space" in said or "I/O error" in said:
        advice = ADVICE[errno.ENOSPC]
    elif "not a database" in said or "malformed" in said:
        advice = "Put a backup in its place (see docs/operations.md), or remove it for an empty site."
    else:
        advice = "See that its server runs and that DATABASE_URL is right."
    return f"The database cannot be used ({said}). {advice}"


def system_refusal(error: OSError) -> str:
    """The system's error, the file concerned and, where it is known, what to do."""
    said = error.strerror or str(error)
    where = f": {error.filename}" if error.filename else ""
    advice = ADVICE.get(error.errno or 0, "")
    return f"{said}{where}" + (f". {advice}" if advice else "")
