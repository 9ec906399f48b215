"""Recognition within one request: waits a short time for the worker's answer."""

import threading
import time
from uuid import UUID

from django.conf import settings

from marketplace.photos.intake.callers import Caller
from marketplace.photos.models import Photo
from marketplace.photos.services import photo_add

POLL_SECONDS = 0.05
# Each waiting caller occupies a thread of the web process. Without a worker, a few callers must not
# take all of them.
_waiters = threading.BoundedSemaphore(4)


def recognise_and_wait(*, data: bytes, filename: str, caller: Caller) -> Photo:
    """Store a visitor's photo for recognition and wait up to ``API_WAIT_SECONDS`` for the worker.

    The photo that is returned may still be unsettled. Raises PhotoRejected.
    """
    photo = photo_add(listing=None, data=data, filename=filename, caller=caller)
    if _waiters.acquire(blocking=False):
        try:
            _wait(photo.pk)
        finally:
            _waiters.release()
    return Photo.objects.get(pk=photo.pk)


def _wait(photo_id: UUID) -> None:
    deadline = time.monotonic() + settings.API_WAIT_SECONDS
    settled = (Photo.Status.DONE, Photo.Status.FAILED)
    while time.monotonic() < deadline:
        if Photo.objects.filter(pk=photo_id, status__in=settled).exists():
            return
        time.sleep(POLL_SECONDS)
