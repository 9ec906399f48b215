"""Removes visitors' old photos, those that sellers removed, and files that no row names."""

from collections.abc import Iterator

from django.core.files.storage import Storage
from django.db.models import FileField, Model, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.photos.asking.donations import photos_donated
from marketplace.photos.copies import photo_copies_tidy
from marketplace.photos.editing.removal import photo_remove
from marketplace.photos.models import Heatmap, Photo, Question
from marketplace.photos.selectors import KEEP

_NAMED_IN: tuple[tuple[type[Model], str], ...] = (
    (Photo, "file"),
    (Photo, "card"),
    (Heatmap, "file"),
    (User, "portrait"),
)


def photos_tidy() -> dict[str, int]:
    """Remove what has no listing, and unnamed files, after an hour; returns how many of each."""
    counts = {
        "visitors": visitors_photos_remove(),
        "removed": removed_photos_remove(),
        "files": orphan_files_remove(),
    }
    photo_copies_tidy()
    return counts


def visitors_photos_remove() -> int:
    """Photos of /identify/ are kept for an hour, as the page promises, unless they were given."""
    old = timezone.now() - KEEP
    theirs = Photo.objects.filter(listing=None, removed_from=None, created_at__lt=old)
    count = _remove(theirs.exclude(pk__in=photos_donated()))
    # Those whose photos are gone: one that came a moment later goes with the next round.
    Question.objects.filter(created_at__lt=old, photos=None).delete()
    return count


def removed_photos_remove() -> int:
    """Photos that sellers removed can be put back for an hour."""
    return _remove(Photo.objects.filter(removed_from__isnull=False, removed_at__lt=timezone.now() - KEEP))


def _remove(photos: QuerySet[Photo]) -> int:
    old = list(photos)
    for photo in old:
        photo_remove(photo=photo)
    return len(old)


def orphan_files_remove() -> int:
    """Remove files that no row names, and return how many.

    Files are written before their row and deleted after it, so a crash may leave a file without a
    row, never a row without its file. The hour spares uploads that are under way.
    """
    return sum(
        _old_file_remove(storage, name) for model, column in _NAMED_IN for storage, name in _unnamed(model, column)
    )


def _unnamed(model: type[Model], column: str) -> Iterator[tuple[Storage, str]]:
    """Files that no row names: one listing of the folder, one query of the table.

    Dates are read only for what is left: a remote storage answers slowly, and sellers wait for the
    worker that tidies.
    """
    field = model._meta.get_field(column)
    assert isinstance(field, FileField)  # noqa: S101  # for the type
    folder = str(field.upload_to)
    try:
        _, files = field.storage.listdir(folder)
    except FileNotFoundError:
        return  # no photo was ever stored
    names = {f"{folder}/{file}" for file in files}
    # Race: read after the folder, so that photos stored in between are found.
    for name in model._default_manager.order_by().values_list(column, flat=True).iterator():
        names.discard(name)
    for name in names:
        yield field.storage, name


def _old_file_remove(storage: Storage, name: str) -> bool:
    try:
        if storage.get_modified_time(name) > timezone.now() - KEEP:
            return False
    except FileNotFoundError:
        return False  # removed with its photo since the folder was listed
    storage.delete(name)
    return True
