"""Django system checks for mistakes in the environment, before the site starts."""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from marketplace.env import variables

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "testserver"}
SECRET_LETTERS = 32
PARTS = ("detector", "usable", "colour", "classifier")


@register(Tags.security)
def debug_stays_at_home(**_: Any) -> Sequence[CheckMessage]:
    """DEBUG shows source, settings and queries on error pages, so it is for this machine only."""
    strangers = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if not settings.DEBUG or not strangers:
        return []
    return [
        Error(
            f"DEBUG is on while ALLOWED_HOSTS names other hosts than this one: {', '.join(strangers)}.",
            hint="Set DEBUG=0, SECRET_KEY and what else docs/operations.md lists for production.",
            id="forecourt.E001",
        )
    ]


@register(Tags.security)
def secret_is_secret(**_: Any) -> Sequence[CheckMessage]:
    """Outside DEBUG the key must be set in the environment, and must not be an example's."""
    if settings.DEBUG or (len(settings.SECRET_KEY) >= SECRET_LETTERS and "change" not in settings.SECRET_KEY.lower()):
        return []
    return [
        Error(
            f"SECRET_KEY is an example or shorter than {SECRET_LETTERS} letters.",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"',
            id="forecourt.E002",
        )
    ]


@register(Tags.security)
def hosts_are_named(**_: Any) -> Sequence[CheckMessage]:
    """Outside DEBUG ALLOWED_HOSTS must name the hosts.

    Django serves nobody without it. With a wildcard, a client could choose the host name in the
    links that the site writes.
    """
    if settings.DEBUG or (settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS):
        return []
    return [Error("ALLOWED_HOSTS must name the hosts that this site answers to.", id="forecourt.E003")]


@register(Tags.files)
def starter_weights_are_there(**_: Any) -> Sequence[CheckMessage]:
    """A clone without its weights can train a model but recognise nothing."""
    weights = Path(settings.STARTER_WEIGHTS_DIR)
    missing = [part for part in PARTS if not any(weights.glob(f"{part}/*/model.json"))]
    if not missing:
        return []
    return [
        Warning(
            f"No starter weights for: {', '.join(missing)}.",
            hint=f"They belong in {weights}; without them nothing is recognised, and setup_site refuses.",
            id="forecourt.W001",
        )
    ]


@register(Tags.security)
def variables_are_spelt_right(**_: Any) -> Sequence[CheckMessage]:
    """A misspelt variable (ALOWED_HOSTS, PHOTO_BACH) is silently ignored, so warn about it.

    Most variables belong to other programs. So only names of several words are compared, and only
    those that almost match one of ours that is not set.
    """
    ours = variables()
    unset = sorted(ours - os.environ.keys())
    near = {
        name: difflib.get_close_matches(name, unset, n=1, cutoff=0.9)
        for name in sorted(os.environ.keys() - ours)
        if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)
    }
    return [
        Warning(f"{name} is set, but nothing reads it.", hint=f"Did you mean {meant[0]}?", id="forecourt.W002")
        for name, meant in near.items()
        if meant
    ]
