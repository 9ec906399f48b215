"""Static files as browsers get them: named by content, and compressed with gzip and Brotli."""

import hashlib
from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import Storage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from classifier.durable import file_write

LARGE_BYTES = 100_000
"""From here on the best Brotli takes seconds for a file. The site's own are all smaller."""
BEST, QUICK = 11, 5
STAMP = "collected"


class QuickCompressor(Compressor):
    """Whitenoise's, but large files of packages get a quick Brotli: a first start is waited for."""

    def compress_brotli(self, data: bytes) -> bytes:
        """The data, compressed."""
        compressed: bytes = brotli.compress(data, quality=BEST if len(data) < LARGE_BYTES else QUICK)
        return compressed


class StaticFiles(CompressedManifestStaticFilesStorage):
    """What `collectstatic` and `make run` write and the site serves."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Asked by whitenoise."""
        return QuickCompressor(**kwargs)


def static_collect(folder: Path) -> bool:
    """Collect all static files into `folder` if one of them changed; returns whether one did.

    As `collectstatic` does, but without its questions, and for a folder of this site's own.
    """
    found: dict[str, tuple[Storage, str]] = {}
    for finder in get_finders():
        for path, storage in finder.list([]):
            found.setdefault(path, (storage, path))
    stamp = _stamp(found)
    if (folder / STAMP).is_file() and (folder / STAMP).read_text() == stamp:
        return False
    target = StaticFiles(location=folder, base_url=settings.STATIC_URL)
    for path, (storage, name) in found.items():
        target.delete(path)
        with storage.open(name) as source:
            target.save(path, source)
    for _, _, done in target.post_process(found):
        if isinstance(done, Exception):
            raise done
    file_write(folder / STAMP, stamp.encode())
    return True


def _stamp(found: dict[str, tuple[Storage, str]]) -> str:
    """Changes with any file's name, size or time."""
    lines = []
    for path, (storage, name) in sorted(found.items()):
        facts = Path(storage.path(name)).stat()
        lines.append(f"{path}\t{facts.st_size}\t{facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
