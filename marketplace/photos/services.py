"""What a person does with photos: add, remove, reorder. Offers the worker's side as well."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Max

from marketplace.database import database_outage
from marketplace.doorbell import ring_on_commit
from marketplace.listings.models import Listing
from marketplace.listings.services import EDITABLE
from marketplace.photos.heatmaps.services import heatmap_files
from marketplace.photos.ingest import CleanPhoto, PhotoRejected, ingest
from marketplace.photos.models import Photo
from marketplace.photos.quotas import quota_check
from marketplace.photos.recognition.queue import (
    RECOGNISE_PENDING,
    photo_finish,
    photos_claim,
    photos_release,
    photos_sweep,
)
from marketplace.photos.recognition.verdict import verdict_refresh
from marketplace.photos.upload_figures import uploads_counted
from marketplace.storage import disk_has_room

log = structlog.get_logger(__name__)

__all__ = [
    "PhotoRejected", "photo_add", "photo_finish", "photo_remove", "photos_claim", "photos_release", "photos_reorder",
    "photos_sweep",
]  # fmt: skip


@uploads_counted
def photo_add(*, listing: Listing | None, data: bytes, filename: str) -> Photo:
    """Make a clean picture of an upload, store it as ``pending`` and ring for the worker.

    ``listing=None`` is a visitor's photo at /identify/. The same upload twice in one listing
    returns the first photo. Raises PhotoRejected, whose ``message`` tells the person what is
    wrong.
    """
    _check_disk()
    if listing is not None:
        quota_check(seller_id=listing.seller_id)
        _check_room(listing)
    clean = ingest(data, filename=filename)
    if listing is not None and (twin := _twin(listing, clean.sha256)) is not None:
        return twin
    photo = Photo(
        listing=listing,
        width=clean.width,
        height=clean.height,
        # PostgreSQL refuses NUL in text, and nobody needs the other control characters either.
        original_name="".join(letter for letter in filename if letter.isprintable())[-200:],
        upload_sha256=clean.sha256,
        phash=clean.phash,
    )
    try:
        _files_write(photo, clean)
    except OSError as error:  # no space left, or the storage is away
        log.error("photo_not_stored", error=str(error))
        raise _not_stored() from error
    try:
        with transaction.atomic():
            if listing is not None:
                # Race: uploads of one listing come in parallel. They wait here for each other, so
                # that the limit and the order hold.
                _check_editable(listing.pk)
                _check_room(listing)
                last = Photo.objects.filter(listing=listing).aggregate(last=Max("position"))["last"]
                photo.position = 0 if last is None else last + 1
            photo.full_clean(validate_constraints=False)
            photo.save(force_insert=True)
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
        if listing is not None and (twin := _twin(listing, clean.sha256)) is not None:
            return twin
        raise
    return photo


def photo_remove(*, photo: Photo) -> bool:
    """Delete a photo with its predictions, and refresh the listing's verdict.

    False, and nothing changes, if its listing was submitted meanwhile and can no longer be edited.
    """
    files = files_of(photo)
    with transaction.atomic():
        if photo.listing_id is not None and not _is_editable(photo.listing_id):
            return False
        # Race: without the lock a worker could store a prediction between the two deletes of the
        # cascade, and PostgreSQL would refuse the second one.
        Photo.objects.select_for_update().filter(pk=photo.pk).first()
        files += heatmap_files(photo_id=photo.pk)
        Photo.objects.filter(pk=photo.pk).delete()
        if photo.listing_id is not None:
            verdict_refresh(listing_id=photo.listing_id)

    # Only after the row is gone for good. A crash in between leaves files that ``photos_tidy``
    # finds.
    transaction.on_commit(lambda: files_delete(files))
    return True


@transaction.atomic
def photos_reorder(*, listing: Listing, photo_ids: Sequence[UUID]) -> None:
    """Put the named photos first, in this order; the others follow in their old order.

    A page may not know the newest upload yet, or may name a photo that is gone: unknown ids are
    ignored. The photos of a listing that can no longer be edited stay as they are.
    """
    if not _is_editable(listing.pk):
        return
    # By primary key, so that two people moving photos at once take the locks in one order.
    rows = {row.pk: row for row in Photo.objects.select_for_update().filter(listing=listing).order_by("pk")}
    named = [rows[key] for key in dict.fromkeys(photo_ids) if key in rows]
    rest = sorted(
        (row for row in rows.values() if row not in named), key=lambda row: (row.position, row.created_at)
    )  # fmt: skip
    for position, row in enumerate([*named, *rest]):
        row.position = position
    Photo.objects.bulk_update(rows.values(), ["position"])


def _check_editable(listing_id: int) -> None:
    """Lock the listing; PhotoRejected if it was deleted or submitted meanwhile.

    A photo that is added later would be published without review.
    """
    row = _lock(listing_id)
    if row is None or row.status == Listing.Status.DELETED:
        raise PhotoRejected("listing_gone", "This listing was deleted meanwhile. Start a new one.")
    if row.status not in EDITABLE:
        raise PhotoRejected(
            "listing_closed",
            f"This listing is {row.get_status_display()} by now: its photos cannot be changed here.",
        )


def _is_editable(listing_id: int) -> bool:
    """Lock the listing; whether it exists and its photos may be changed."""
    row = _lock(listing_id)
    return row is not None and row.status in EDITABLE


def _lock(listing_id: int) -> Listing | None:
    """The listing, locked. Always before its photos, as the worker does: see ``queue``."""
    return Listing.objects.select_for_update().filter(pk=listing_id).first()


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
        "not_stored", "This photo could not be stored: there is a fault on our side. Try again in some minutes."
    )


def _check_room(listing: Listing) -> None:
    if Photo.objects.filter(listing=listing).count() >= settings.PHOTOS_PER_LISTING:
        raise PhotoRejected(
            "too_many",
            f"This listing already has {settings.PHOTOS_PER_LISTING} photos, which is the limit. Remove one first.",
        )


def _twin(listing: Listing, sha256: str) -> Photo | None:
    return Photo.objects.filter(listing=listing, upload_sha256=sha256).first()


def _files_write(photo: Photo, clean: CleanPhoto) -> None:
    name = f"{secrets.token_hex(16)}.jpg"  # nothing of the upload's own name, nothing to guess
    try:
        photo.file.save(name, ContentFile(clean.master), save=False)
        photo.card.save(name, ContentFile(clean.card), save=False)
    except OSError:
        # Not by the fields' names: those are set only when a file was stored without an error.
        fields = (photo.file, photo.card)
        files_delete([(field.storage, f"{field.field.upload_to}/{name}") for field in fields])
        raise


def files_of(photo: Photo) -> list[tuple[Storage, str]]:
    """A photo's stored files, each with its storage."""
    return [(field.storage, field.name) for field in (photo.file, photo.card) if field.name]


def files_delete(files: Sequence[tuple[Storage, Any]]) -> None:
    """Delete files that no row names any more."""
    for storage, name in files:
        try:
            storage.delete(name)
        except OSError as error:  # the row is gone, so tidying finds the file
            log.warning("photo_file_not_deleted", file=name, error=str(error))
