"""Photos as files on this machine, for trainings, which read them by path and many times.

With a local storage they are its own files. From a store they are copied once, into a folder that
holds copies of existing photos only: what people delete is gone here, too, by the next tidying.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage

from classifier.durable import file_write
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

AT_ONCE = 16
"""Copied side by side: they mostly wait for the network."""


def photo_copies(photos: Iterable[Photo]) -> dict[str, Path]:
    """Each photo's file by its primary key, in text; those whose file is gone are left out.

    Raises OSError if the store cannot be reached or a copy cannot be written.
    """
    wanted = list(photos)
    if isinstance(Photo._meta.get_field("file").storage, FileSystemStorage):
        there = {str(photo.pk): Path(photo.file.path) for photo in wanted}
        return {key: path for key, path in there.items() if path.is_file()}
    photo_copies_tidy()
    _folder().mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="copies") as pool:
        copied = list(pool.map(_copy, wanted))
    return {str(photo.pk): path for photo, path in zip(wanted, copied, strict=True) if path is not None}


def photo_copies_tidy() -> int:
    """Remove the copies of photos that are gone; returns how many."""
    folder = _folder()
    copies = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    if not copies:
        return 0
    for name in Photo.objects.order_by().values_list("file", flat=True).iterator():
        copies.pop(PurePosixPath(name).name, None)
    for path in copies.values():
        path.unlink(missing_ok=True)
    return len(copies)


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "photo-copies"


def _copy(photo: Photo) -> Path | None:
    path = _folder() / PurePosixPath(str(photo.file.name)).name
    if path.is_file():
        return path
    try:
        with photo.file.storage.open(str(photo.file.name)) as file:
            file_write(path, file.read())
    except FileNotFoundError:
        log.warning("photo_file_missing", photo=str(photo.pk), file=photo.file.name)
        return None
    return path
