"""HEIC files whose picture is good although its metadata is not."""

from __future__ import annotations

import re

# An entry of the list of items, in version 2 or 3, up to the type of the item that it declares.
_METADATA_ITEM = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2})(?:Exif|mime)", re.DOTALL)


def heif_mended(data: bytes) -> tuple[bytes, ...]:
    """The file with EXIF and XMP renamed to a type that no decoder knows, so that none reads them.

    Encoders put them behind the pixels, where a file's missing end takes them away. Nothing is lost
    of the picture: which way is up is written in its own properties.
    """
    mended, count = _METADATA_ITEM.subn(rb"\1free", data)
    return (mended,) if count else ()
