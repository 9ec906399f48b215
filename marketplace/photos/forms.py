"""Takes uploads out of a request."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from marketplace.photos.ingest import PhotoRejected


def upload_read(upload: "UploadedFile[Any]") -> bytes:
    """The bytes of an upload. Raises PhotoRejected without reading one that is over the limit."""
    limit = settings.PHOTO_MAX_BYTES
    size = upload.size or 0
    if size > limit:
        raise PhotoRejected(
            "too_large",
            _("This file is %(size)s MB; the limit is %(limit)s MB. Save the photo a little smaller and try again.")
            % {"size": f"{size / 2**20:.1f}", "limit": f"{limit / 2**20:.0f}"},
        )
    data: bytes = upload.read()
    return data
