"""Whether rows and stored pictures belong together: missing, altered and orphaned files."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import FileField, Model

from classifier.training.progress import Progress
from marketplace.moderation.models import LabelReview
from marketplace.operations.backup.places import Place
from marketplace.operations.backup.services import SUMS
from marketplace.photos.jpeg import NotCleanError, clean_jpeg_size
from marketplace.photos.models import Heatmap, Photo

NAMED_IN: tuple[tuple[type[Model], str], ...] = (
    (Photo, "file"), (Photo, "card"), (Heatmap, "file"), (LabelReview, "picture"),
)  # fmt: skip


@dataclass(frozen=True)
class Verified:
    """Files by name."""

    files: int
    missing: list[str]
    """A row names them."""
    altered: list[str]
    """They are not what was stored."""
    orphaned: list[str]
    """No row names them; those of the last hour may be uploads under way."""


def media_verify(*, backup: Path | None, progress: Progress) -> Verified:
    """Read every picture. Raises OSError.

    A photo's master must be the clean JPEG of the size that its row says, with the row's sha256;
    rows from before that was kept have none until ``measure_photos``. backup: stored pictures never
    change, so those that are in it must have the content that they had then.
    """
    # What was stored first counts: a backup may have been made of an altered file.
    masters = Photo.objects.exclude(master_sha256="").values_list("file", "master_sha256")
    known = {**(_sums(backup) if backup else {}), **dict(masters.iterator())}
    sizes = {name: (width, height) for name, width, height in Photo.objects.values_list("file", "width", "height")}
    named = {name for model, column in NAMED_IN for name in _names(model, column)}
    stored = set(Place("media", default_storage).files())
    altered = [
        name
        for name in progress.track(sorted(named & stored), total=len(named & stored), what="reading")
        if _is_altered(name, sizes, known)
    ]
    return Verified(len(stored), sorted(named - stored), altered, sorted(stored - named))


def _names(model: type[Model], column: str) -> Iterator[str]:
    assert isinstance(model._meta.get_field(column), FileField)  # noqa: S101  # for the reader
    rows: Any = model._default_manager.order_by().exclude(**{column: ""}).values_list(column, flat=True)
    yield from rows.iterator()


def _is_altered(name: str, sizes: Mapping[str, tuple[int, int]], known: Mapping[str, str]) -> bool:
    with default_storage.open(name) as file:
        content = file.read()
    if name in known and hashlib.sha256(content).hexdigest() != known[name]:
        return True
    try:
        return name in sizes and clean_jpeg_size(content) != sizes[name]
    except NotCleanError:
        return True


def _sums(backup: Path) -> dict[str, str]:
    lines = (backup / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    return {name.removeprefix("media/"): digest for name, digest in sums.items() if name.startswith("media/")}
