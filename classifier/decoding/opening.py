"""Open a photo: bytes in, a loaded Pillow image out."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Sequence
from typing import Literal

from PIL import Image, ImageChops
from PIL.ImageFile import ImageFile

Size = tuple[int, int]
"""Width and height in pixels."""

# Pillow's decoders answer damaged files with any of these; pillow-heif with RuntimeError for what
# libheif refuses.
BROKEN_PICTURE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError, struct.error
)  # fmt: skip


class PictureError(Exception):
    """The bytes are no picture that is taken; the message is the decoder's."""

    def __init__(
        self, reason: Literal["too_many_pixels", "truncated", "broken"], message: str = "", *, size: Size | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.size = size
        """Where it has too many pixels and says so."""


def picture_open(
    data: bytes, *, kind: str, max_pixels: int, draft_side: int | None = None
) -> tuple[Image.Image, Size]:  # fmt: skip
    """The picture, loaded, as it lies in the file, and its full size.

    Of a file with several pictures it is the first, or the one that a HEIC names as primary.
    Metadata that is damaged or too large is passed over, and so is a missing end marker where all
    pixels are there. kind: see formats.kind_of. draft_side: a JPEG may be decoded at 1/2, 1/4 or
    1/8 scale (much faster) as long as its longer side keeps this many pixels.

    Raises PictureError, and MemoryError.
    """
    if kind == "PNG":
        from classifier.decoding.png import png_picture  # noqa: PLC0415  see _reader

        data = png_picture(data)
    try:
        return _load(data, kind, max_pixels, draft_side)
    except BROKEN_PICTURE as error:
        reason: Literal["truncated", "broken"] = "truncated" if "truncated" in str(error).lower() else "broken"
        refusal = PictureError(reason, str(error))
        mended = _mended(data, kind, max_pixels, draft_side)
        if mended is None:
            raise refusal from error
        return mended


def _mended(data: bytes, kind: str, max_pixels: int, draft_side: int | None) -> tuple[Image.Image, Size] | None:
    """The picture of a file that cannot be read as it is; None if its pixels are not all there."""
    versions = _versions(data, kind)
    try:
        if not versions or not _are_same(versions, kind, max_pixels):
            return None
        return _load(versions[0], kind, max_pixels, draft_side)
    except BROKEN_PICTURE:
        return None


def _versions(data: bytes, kind: str) -> tuple[bytes, ...]:
    """The file put in order, in one way or in several that have to show the same; () if in none."""
    if kind == "JPEG":
        from classifier.decoding.jpeg import jpeg_mended  # noqa: PLC0415  see _reader

        return jpeg_mended(data)
    if kind == "WEBP":
        from classifier.decoding.webp import webp_mended  # noqa: PLC0415  see _reader

        return webp_mended(data)
    if kind == "HEIF":
        from classifier.decoding.heif import heif_mended  # noqa: PLC0415  see _reader

        return heif_mended(data)
    return ()


def _are_same(versions: Sequence[bytes], kind: str, max_pixels: int) -> bool:
    """Whether all of them show the same, at full scale: a reduced one would hide small gaps."""
    if len(versions) == 1:
        return True
    first, *others = (_load(version, kind, max_pixels, None)[0] for version in versions)
    return all(ImageChops.difference(first, other).getbbox() is None for other in others)


def _load(data: bytes, kind: str, max_pixels: int, draft_side: int | None) -> tuple[Image.Image, Size]:
    if kind == "WEBP":
        from classifier.decoding.webp import webp_size  # noqa: PLC0415  see _reader

        _check_size(webp_size(data), max_pixels)
    image = _reader(kind)(io.BytesIO(data))
    size = image.size
    _check_size(size, max_pixels)
    if kind != "JPEG":
        image.load()
        return image, image.size  # which a HEIC may correct on loading
    if draft_side is not None:
        ratio = draft_side / max(size)
        image.draft(None, (math.ceil(size[0] * ratio), math.ceil(size[1] * ratio)))
    image.load()
    return image, size


def _check_size(size: Size | None, max_pixels: int) -> None:
    if size is not None and math.prod(size) > max_pixels:
        raise PictureError("too_many_pixels", f"{size[0]} × {size[1]} pixels", size=size)


def _reader(kind: str) -> Callable[[io.BytesIO], ImageFile]:
    """The class that reads this kind, and no other.

    Not Image.open: it would follow an MPO's index to its other pictures, and refuse the first one
    where that is wrong. Each is imported when it is wanted: every upload has a process of its own,
    and imports take most of its time.
    """
    if kind == "JPEG":
        from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415

        return JpegImageFile
    if kind == "PNG":
        from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415

        return PngImageFile
    if kind == "WEBP":
        from PIL.WebPImagePlugin import WebPImageFile  # noqa: PLC0415

        return WebPImageFile
    from pillow_heif import HeifImageFile  # noqa: PLC0415

    return HeifImageFile  # type: ignore[no-any-return]  # pillow-heif is untyped
