"""The health of the site.

This is our own code because django-health-check knows only up and down, and we need "degraded".
"""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from marketplace.celery import app
from marketplace.photos.models import Photo
from marketplace.registry.selectors import champion_get
from marketplace.storage import disk_has_room

log = structlog.get_logger(__name__)

State = Literal["ok", "degraded", "down"]
# The sweep releases a dead worker's photos after a minute and rings every 15 s. So a photo that
# waits longer than this means that no worker runs.
PATIENCE = timedelta(minutes=3)


def site_health() -> dict[str, State | dict[str, State]]:
    """The state of the site and of each of its parts.

    It contains no secrets, addresses or error texts; those go to the log. Without database or
    storage the site is down. Without broker, worker or model it is degraded: people can browse,
    upload and moderate, and every photo is kept and recognised once the part is back.
    """
    vital = {"database": _state(_database, "down"), "storage": _state(_storage, "down")}
    if "down" in vital.values():
        return {"status": "down", "checks": dict(vital)}
    rest = {name: _state(check, "degraded") for name, check in _DISPENSABLE.items()}
    checks = {**vital, **rest}
    return {"status": "degraded" if "degraded" in checks.values() else "ok", "checks": checks}


def site_readiness() -> dict[str, State | dict[str, State]]:
    """As site_health, and whether there is room for photos: without it the site is down."""
    health = site_health()
    disk = _state(_disk, "down")
    checks = health["checks"]
    assert isinstance(checks, dict)  # noqa: S101  # for the type
    return {"status": "down" if disk == "down" else health["status"], "checks": {**checks, "disk": disk}}


class _Unwell(Exception):
    """A check's own finding, where no library raises an error."""


def _state(check: Callable[[], None], otherwise: State) -> State:
    try:
        check()
    except (DatabaseError, OSError, OperationalError, _Unwell) as error:
        log.warning("unwell", check=check.__name__.strip("_"), error=str(error))
        return otherwise
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _storage() -> None:
    if not isinstance(default_storage, FileSystemStorage):
        default_storage.exists("health")  # there is none, but the store must answer
    else:
        folder = Path(settings.MEDIA_ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:  # nameless: a crash leaves nothing behind
            trial.write(b"ok")
            trial.flush()


def _disk() -> None:
    if not disk_has_room():
        raise _Unwell(f"no more than {settings.DISK_RESERVE_MB} MB are free for photos")


def _broker() -> None:
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=0, timeout=1, reraise_as_library_errors=True)


def _worker() -> None:
    oldest = Photo.objects.filter(status=Photo.Status.PENDING).order_by("created_at").first()
    if oldest is not None and oldest.created_at < timezone.now() - PATIENCE:
        raise _Unwell(f"a photo has been waiting since {oldest.created_at:%Y-%m-%d %H:%M:%S}")


def _model() -> None:
    if champion_get() is None:
        raise _Unwell("no model version serves; run: python manage.py setup_site")


_DISPENSABLE: dict[str, Callable[[], None]] = {"broker": _broker, "worker": _worker, "model": _model}
