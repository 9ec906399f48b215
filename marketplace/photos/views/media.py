"""Serves the stored pictures, from whatever storage they lie in, to whoever may see them."""

import re

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from marketplace.photos.pictures import KEY, key_holds
from marketplace.photos.selectors import picture_is_public

# Only what photo_add writes: no other file of the storage has an address.
_PICTURE = re.compile(r"(photos|cards|people)/[0-9a-f]{32}\.jpg")
# A picture is shown by pages; opened by itself, nothing in it may do anything.
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


@require_safe
def media(request: HttpRequest, name: str) -> FileResponse:
    """One picture, if its car is on sale or sold, or the address has the key that a page gave it.

    Its name cannot be guessed and its content never changes.
    """
    if not _PICTURE.fullmatch(name):
        raise Http404
    if not key_holds(name, request.GET.get(KEY, "")) and not picture_is_public(name=name):
        raise Http404
    try:
        file = default_storage.open(name)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        file,
        content_type="image/jpeg",
        filename=name.rpartition("/")[2],
        headers={
            # Not in shared caches, which would keep pictures that we promise to delete in an hour.
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": POLICY,
        },
    )
