"""Adding a photo; offers what else a person, or the worker, does with photos as well."""

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from marketplace.database import database_outage
from marketplace.doorbell import ring_on_commit
from marketplace.listings.models import Listing
from marketplace.listings.services import EDITABLE
from marketplace.photos.duplicates import bands_of
from marketplace.photos.editing.locks import listing_locked
from marketplace.photos.editing.order import photos_reorder
from marketplace.photos.editing.removal import photo_remove, photo_restore, photo_set_aside
from marketplace.photos.editing.rotation import photo_rotate
from marketplace.photos.files import files_delete, files_of, files_write
from marketplace.photos.ingest import PhotoRejected, ingest
from marketplace.photos.intake.callers import SITE, Caller, seller
from marketplace.photos.models import Photo, PhotoBand, Question
from marketplace.photos.quotas import quota_check, room_check
from marketplace.photos.recognition.queue import (
    RECOGNISE_PENDING,
    photo_finish,
    photos_claim,
    photos_release,
    photos_sweep,
)
from marketplace.photos.upload_figures import uploads_counted
from marketplace.storage import disk_has_room

log = structlog.get_logger(__name__)

__all__ = [
    "PhotoRejected", "photo_add", "photo_finish", "photo_remove", "photo_restore", "photo_rotate", "photo_set_aside",
    "photos_claim", "photos_release", "photos_reorder", "photos_sweep",
]  # fmt: skip


@uploads_counted
def photo_add(
    *, listing: Listing | None, data: bytes, filename: str, question: Question | None = None,
    box: Sequence[int] | None = None, caller: Caller | None = None,
) -> Photo:  # fmt: skip
    """Make a clean picture of an upload, store it as ``pending`` and ring for the worker.

    ``listing=None`` is a visitor's photo, of a ``question`` at /identify/ or of a program's. The
    same upload twice in one listing or question returns the first photo. box: what to keep of a
    master, in its pixels. caller: who is charged for the work; None = the listing's seller, or the
    site itself. Raises PhotoRejected, whose ``message`` tells the person what is
    wrong.
    """
    _check_disk()
    if listing is not None:
        quota_check(seller_id=listing.seller_id)
        room_check(listing)
    if caller is None:
        caller = SITE if listing is None else seller(listing.seller_id)
    clean = ingest(data, filename=filename, box=box, caller=caller)
    if (twin := _twin(listing, question, clean.sha256)) is not None:
        return twin
    photo = Photo(
        listing=listing,
        question=question,
        # PostgreSQL refuses NUL in text, and nobody needs the other control characters either.
        original_name="".join(letter for letter in filename if letter.isprintable())[-200:],
        upload_sha256=clean.sha256,
        **clean.facts(),
    )
    try:
        files_write(photo, clean)
    except OSError as error:  # no space left, or the storage is away
        log.error("photo_not_stored", error=str(error))
        raise _not_stored() from error
    try:
        with transaction.atomic():
            if listing is not None:
                # Race: uploads of one listing come in parallel. They wait here for each other, so
                # that the limit and the order hold.
                _check_editable(listing.pk)
                room_check(listing)
                last = Photo.objects.filter(listing=listing).aggregate(last=Max("position"))["last"]
                photo.position = 0 if last is None else last + 1
            photo.full_clean(validate_constraints=False)
            photo.save(force_insert=True)
            PhotoBand.objects.bulk_create(bands_of(photo))
            ring_on_commit(RECOGNISE_PENDING)
    except OperationalError as error:
        # Without a connection it is not known whether the row was stored: tidying finds the files
        # if it was not. A database that is full says so, and stored nothing.
        if database_outage(error) == "full":
            files_delete(files_of(photo))
        raise
    except (IntegrityError, PhotoRejected):
        files_delete(files_of(photo))
        # Race: the same upload was stored meanwhile. Its row is the photo.
        if (twin := _twin(listing, question, clean.sha256)) is not None:
            return twin
        raise
    return photo


def _how_to_change_photos(listing: Listing) -> str:
    if listing.status == Listing.Status.SUBMITTED:
        return _("make it a draft before you change its photos.")
    return _("its photos change with “Change car or photos” on its page.")


def _check_editable(listing_id: int) -> None:
    """Lock the listing; PhotoRejected if it was deleted or submitted meanwhile.

    A photo that is added later would be published without review.
    """
    row = listing_locked(listing_id)
    if row is None or row.status == Listing.Status.DELETED:
        raise PhotoRejected("listing_gone", _("This listing was deleted meanwhile. Start a new one."))
    if row.status not in EDITABLE:
        raise PhotoRejected(
            "listing_closed",
            _("This listing is %(status)s by now: %(advice)s")
            % {"status": row.get_status_display(), "advice": _how_to_change_photos(row)},
        )


def _check_disk() -> None:
    """PhotoRejected while the disk is nearly full: its last megabytes are the database's."""
    try:
        has_room = disk_has_room()
    except OSError as error:
        log.error("photo_not_stored", error=str(error))
        raise _not_stored() from error
    if not has_room:
        log.error("disk_nearly_full", reserve_mb=settings.DISK_RESERVE_MB)
        raise _not_stored()


def _not_stored() -> PhotoRejected:
    return PhotoRejected(
        "not_stored", _("This photo could not be stored: there is a fault on our side. Try again in some minutes.")
    )


def _twin(listing: Listing | None, question: Question | None, sha256: str) -> Photo | None:
    if listing is None and question is None:
        return None
    return Photo.objects.filter(listing=listing, question=question, upload_sha256=sha256).first()
