"""Removes what nobody will ask for again: visitors' old questions, and files that no row names."""

from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import Storage
from django.db.models import FileField, Model
from django.utils import timezone

from marketplace.photos.models import Heatmap, Photo
from marketplace.photos.services import photo_remove

KEEP = timedelta(hours=1)
_NAMED_IN: tuple[tuple[type[Model], str], ...] = ((Photo, "file"), (Photo, "card"), (Heatmap, "file"))


def photos_tidy() -> dict[str, int]:
    """Remove visitors' photos and unnamed files older than an hour; returns how many of each."""
    return {"visitors": visitors_photos_remove(), "files": orphan_files_remove()}


def visitors_photos_remove() -> int:
    """Photos of /identify/ are kept for an hour, which the page promises."""
    old = list(Photo.objects.filter(listing=None, created_at__lt=timezone.now() - KEEP))
    for photo in old:
        photo_remove(photo=photo)
    return len(old)


def orphan_files_remove() -> int:
    """Files are written before their row and deleted after it, so a crash leaves a file without a row: never a row
    without a file. The hour spares uploads that are under way.
    """
    return sum(
        _old_file_remove(storage, name) for model, column in _NAMED_IN for storage, name in _unnamed(model, column)
    )


def _unnamed(model: type[Model], column: str) -> Iterator[tuple[Storage, str]]:
    """Files that no row names. One look at the folder and one at the table, each file's date only for what is left:
    the worker that tidies keeps sellers waiting, and a storage elsewhere is asked over the network.
    """
    field = model._meta.get_field(column)
    assert isinstance(field, FileField)  # noqa: S101  # for the type
    folder = str(field.upload_to)
    try:
        _, files = field.storage.listdir(folder)
    except FileNotFoundError:
        return  # no photo was ever stored
    names = {f"{folder}/{file}" for file in files}
    # Read after the folder: a photo whose row is stored in between is still found here.
    for name in model._default_manager.order_by().values_list(column, flat=True).iterator():
        names.discard(name)
    for name in names:
        yield field.storage, name


def _old_file_remove(storage: Storage, name: str) -> bool:
    try:
        if storage.get_modified_time(name) > timezone.now() - KEEP:
            return False
    except FileNotFoundError:
        return False  # its photo was removed since the look at the folder, and the file with it
    storage.delete(name)
    return True
