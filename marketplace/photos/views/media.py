"""Serves the stored pictures, from whatever storage they lie in."""

import re

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

# Only what photo_add writes: no other file of the storage has an address.
_PICTURE = re.compile(r"(photos|cards|people)/[0-9a-f]{32}\.jpg")


@require_safe
def media(request: HttpRequest, name: str) -> FileResponse:
    """One picture. Its name cannot be guessed and its content never changes."""
    if not _PICTURE.fullmatch(name):
        raise Http404
    try:
        file = default_storage.open(name)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        file,
        content_type="image/jpeg",
        headers={
            # Not in shared caches, which would keep pictures that we promise to delete in an hour.
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )
