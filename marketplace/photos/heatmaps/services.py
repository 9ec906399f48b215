"""Heat maps: request, claim, finish, fail, sweep.

As with photos, the table is the queue and the broker only a doorbell. ``attempts`` is raised before
the work and fences it: a worker that comes back with an older number changes nothing.
"""

import secrets
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from marketplace.doorbell import ring, ring_on_commit
from marketplace.listings.models import Listing
from marketplace.photos.models import Heatmap, Photo
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get

log = structlog.get_logger(__name__)

DRAW_HEATMAPS = "marketplace.photos.tasks.draw_heatmaps"
STOPPED = "stopped"
Status = Heatmap.Status


class HeatmapRefused(Exception):
    """There is nothing to draw on this photo; the message tells the moderator why."""


def heatmap_of(*, photo: Photo) -> Heatmap | None:
    """The photo's heat map in any status; None also if it is of a version that no longer serves."""
    heatmap = Heatmap.objects.filter(photo=photo).first()
    if heatmap is not None and heatmap.status == Status.DONE:
        champion = champion_get()
        if champion is None or heatmap.model_version_id != champion.pk:
            return None
    return heatmap


def heatmap_request(*, photo: Photo) -> Heatmap:
    """The photo's heat map: the existing one, or a new request, which rings for the worker.

    A failed one, and one of a version that no longer serves, is requested anew. Raises
    HeatmapRefused for a photo on which nothing was recognised.
    """
    _check_recognised(photo)
    with transaction.atomic():
        # Race: two moderators may ask at once, and the seller may remove the photo. The listing is
        # locked first, as in ``photos.queue``.
        Listing.objects.select_for_update(of=("self",)).filter(photos=photo.pk).first()
        if not Photo.objects.filter(pk=photo.pk).exists():
            raise HeatmapRefused(gettext("This photo was removed meanwhile."))
        heatmap = heatmap_of(photo=photo)
        if heatmap is not None and heatmap.status != Status.FAILED:
            return heatmap
        files = heatmap_files(photo_id=photo.pk)
        # A new row, so that a slow worker's answer to the old request finds nothing to change.
        Heatmap.objects.filter(photo=photo).delete()
        heatmap = Heatmap.objects.create(photo=photo)
        ring_on_commit(DRAW_HEATMAPS)

    def files_delete() -> None:
        for storage, name in files:
            storage.delete(name)

    transaction.on_commit(files_delete)  # a crash before it leaves a file that ``photos_tidy`` finds
    return heatmap


def heatmap_claim() -> Heatmap | None:
    """The next one for this worker; no other worker gets it before the claim expires."""
    if not _free().exists():
        return None  # without taking SQLite's write lock
    with transaction.atomic():
        free = _free().select_related("photo").order_by("attempts", "created_at")
        heatmap = free.select_for_update(skip_locked=True, of=("self",)).first()
        if heatmap is None:
            return None
        heatmap.attempts, heatmap.claimed_at = heatmap.attempts + 1, timezone.now()
        heatmap.save(update_fields=["attempts", "claimed_at"])
    return heatmap


def heatmap_finish(*, heatmap: Heatmap, png: bytes, box: tuple[int, int, int, int], car: str, by: ModelVersion) -> bool:
    """Store the drawing; False, and nothing is kept, if the claim expired or the photo is gone."""
    storage = heatmap.file.storage
    name = f"{heatmap.file.field.upload_to}/{secrets.token_hex(16)}.png"
    try:
        storage.save(name, ContentFile(png))
    except OSError:
        storage.delete(name)
        raise
    done = _claimed(heatmap).update(
        status=Status.DONE,
        model_version=by,
        box=list(box),
        car=car[:200],
        file=name,
        error="",
        finished_at=timezone.now(),
    )
    if done != 1:
        log.info("heatmap_finished_late", photo=str(heatmap.photo_id), attempt=heatmap.attempts)
        storage.delete(name)
    return done == 1


def heatmap_fail(*, heatmap: Heatmap, error: str) -> None:
    """Mark it as impossible: trying again would not help."""
    _claimed(heatmap).update(status=Status.FAILED, error=error[:300], finished_at=timezone.now())


def heatmap_release(*, heatmap: Heatmap) -> None:
    """Give back one whose drawing raised: the sweep tries it again, if it has attempts left."""
    if heatmap.attempts >= settings.PHOTO_ATTEMPTS:
        heatmap_fail(heatmap=heatmap, error=STOPPED)
    else:
        _claimed(heatmap).update(claimed_at=None)


def heatmaps_sweep() -> int:
    """Fail those without attempts left, and ring for the rest; returns how many wait."""
    _unclaimed().filter(attempts__gte=settings.PHOTO_ATTEMPTS).update(
        status=Status.FAILED, error=STOPPED, finished_at=timezone.now()
    )
    waiting = _free().count()
    if waiting:
        ring(DRAW_HEATMAPS)
    return waiting


def heatmap_files(*, photo_id: UUID) -> list[tuple[Storage, str]]:
    """The file of the photo's heat map, to be deleted after the row."""
    files = [one.file for one in Heatmap.objects.filter(photo=photo_id)]
    return [(file.storage, file.name) for file in files if file.name]


def _check_recognised(photo: Photo) -> None:
    if not photo.is_settled:
        raise HeatmapRefused(gettext("This photo is still being looked at."))
    if photo.outcome == Photo.Outcome.NO_VEHICLE:
        raise HeatmapRefused(gettext("No car was found on this photo, so there is nothing to explain."))
    if photo.outcome == Photo.Outcome.NOT_USABLE:
        raise HeatmapRefused(
            gettext("Nothing was recognised on this photo: it shows %(what)s.") % {"what": _shown(photo.kind)}
        )
    if photo.outcome != Photo.Outcome.OK:
        raise HeatmapRefused(gettext("This photo could not be read, so there is nothing to explain."))


def _shown(kind: str) -> str:
    said = {"interior": gettext("the inside"), "detail": gettext("a detail"), "other": gettext("no car")}
    return said.get(kind, gettext("too little of the car"))


def _unclaimed() -> QuerySet[Heatmap]:
    """Pending, and claimed by no worker that may still be drawing."""
    expired = timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS)
    return Heatmap.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=expired), status=Status.PENDING)


def _free() -> QuerySet[Heatmap]:
    return _unclaimed().filter(attempts__lt=settings.PHOTO_ATTEMPTS)


def _claimed(heatmap: Heatmap) -> QuerySet[Heatmap]:
    """The row, if this is still its newest claim."""
    return Heatmap.objects.filter(pk=heatmap.pk, status=Status.PENDING, attempts=heatmap.attempts)
