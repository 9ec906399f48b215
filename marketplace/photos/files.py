"""The two files of a photo: written before its row, deleted after it."""

import secrets
from collections.abc import Sequence
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction

from marketplace.photos.ingest import CleanPhoto
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

Files = Sequence[tuple[Storage, Any]]


def files_write(photo: Photo, clean: CleanPhoto) -> None:
    """Store master and card under a new name. Raises OSError, and leaves nothing behind then."""
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


def files_delete(files: Files) -> None:
    """Delete files that no row names any more."""
    for storage, name in files:
        try:
            storage.delete(name)
        except OSError as error:  # the row is gone, so tidying finds the file
            log.warning("photo_file_not_deleted", file=name, error=str(error))


def files_delete_on_commit(files: Files) -> None:
    """Only after the row is gone for good. A crash in between leaves files that ``photos_tidy``
    finds."""
    transaction.on_commit(lambda: files_delete(files))
