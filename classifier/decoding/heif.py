"""HEIC files that are very large, and those whose picture is good although its metadata is not."""

from __future__ import annotations

import io
import re

from PIL import Image

# An entry of the list of items, in version 2 or 3, up to the type of the item that it declares.
_METADATA_ITEM = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2})(?:Exif|mime)", re.DOTALL)
_STRIP_PIXELS = 2**20


def heif_mended(data: bytes) -> tuple[bytes, ...]:
    """The file with EXIF and XMP renamed to a type that no decoder knows, so that none reads them.

    Encoders put them behind the pixels, where a file's missing end takes them away. Nothing is lost
    of the picture: which way is up is written in its own properties.
    """
    mended, count = _METADATA_ITEM.subn(rb"\1free", data)
    return (mended,) if count else ()


def heif_reduced(data: bytes, least: int) -> tuple[Image.Image, tuple[int, int]] | None:
    """The picture at a half, a third … of its scale, its longer side at least ``least``.

    And its full size. A decoded HEIC takes 3 bytes a pixel, and Pillow's picture of it 4 more: this
    makes that of a part only, strip by strip. None if it is to be read whole. Raises what
    pillow-heif raises.
    """
    from pillow_heif import open_heif, set_orientation  # noqa: PLC0415  see opening._reader

    file = open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    frame = file[file.primary_index]
    if max(frame.size) // least < 2 or frame.mode not in ("RGB", "RGBA", "L", "LA"):
        return None
    pixels = memoryview(frame.data)
    (width, height), stride = frame.size, frame.stride  # known for sure only now that it is decoded
    factor = max(1, max(width, height) // least)
    reduced = Image.new(frame.mode, (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, _STRIP_PIXELS // (width * factor))
    for top in range(0, height, rows):
        size = (width, min(rows, height - top))
        part = bytes(pixels[top * stride : (top + size[1]) * stride])
        strip = Image.frombuffer(frame.mode, size, part, "raw", frame.mode, stride, 1)
        reduced.paste(strip.reduce(factor), (0, top // factor))
    reduced.info = dict(frame.info)
    set_orientation(reduced.info)  # libheif has turned it upright
    return reduced, (width, height)
