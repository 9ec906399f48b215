"""The two files of a photo: written before its row, deleted after it."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction

from marketplace.photos.ingest import CleanPhoto
from marketplace.photos.models import Photo

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
    return [(field.storage, field.name) for field in (photo.file, photo.card) if field.name]


def files_delete(files: Files) -> None:
    for storage, name in files:
        storage.delete(name)


def files_delete_on_commit(files: Files) -> None:
    """Only after the row is gone for good. A crash in between leaves files that ``photos_tidy``
    finds."""
    transaction.on_commit(lambda: files_delete(files))
