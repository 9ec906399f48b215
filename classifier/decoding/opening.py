"""Open a photo: bytes in, a loaded Pillow image out."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile

from classifier.decoding.cost import cost_check, size_check
from classifier.decoding.errors import PictureError, Size

__all__ = ["BROKEN_PICTURE", "PictureError", "Size", "picture_open"]

# Pillow's decoders answer damaged files with any of these; pillow-heif with RuntimeError for what
# libheif refuses.
BROKEN_PICTURE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError, struct.error
)  # fmt: skip


class _Limits(NamedTuple):  # no dataclass: its import takes long, and every upload has a process of its own
    max_pixels: int
    draft_side: int | None
    memory: int | None


def picture_open(
    data: bytes, *, kind: str, max_pixels: int, draft_side: int | None = None, memory: int | None = None
) -> tuple[Image.Image, Size]:  # fmt: skip
    """The picture, loaded, as it lies in the file, and its full size.

    Of a file with several pictures it is the first, or the one that a HEIC names as primary.
    Metadata that is damaged or too large is passed over, and so is a missing end marker where all
    pixels are there. kind: see formats.kind_of. draft_side: a JPEG may be decoded at 1/2, 1/4 or
    1/8 scale (much faster) as long as its longer side keeps this many pixels. memory: see
    cost.size_check; what takes more is refused first, and a HEIC comes reduced like a JPEG.

    Raises PictureError, and MemoryError.
    """
    cost_check(data, kind)
    if kind == "PNG":
        from classifier.decoding.png import png_picture  # noqa: PLC0415  see _reader

        data = png_picture(data)
    limits = _Limits(max_pixels, draft_side, memory)
    try:
        return _load(data, kind, limits)
    except BROKEN_PICTURE as error:
        if "Memory allocation error: Unspecified" in str(error):  # libheif means MemoryError
            raise PictureError("too_complex", str(error)) from error
        reason: Literal["truncated", "broken"] = "truncated" if "truncated" in str(error).lower() else "broken"
        refusal = PictureError(reason, str(error))
        mended = _mended(data, kind, limits)
        if mended is None:
            raise refusal from error
        return mended


def _mended(data: bytes, kind: str, limits: _Limits) -> tuple[Image.Image, Size] | None:
    """The picture of a file that cannot be read as it is; None if its pixels are not all there."""
    versions = _versions(data, kind)
    try:
        if not versions or not _are_same(versions, kind, limits):
            return None
        return _load(versions[0], kind, limits)
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


def _are_same(versions: Sequence[bytes], kind: str, limits: _Limits) -> bool:
    """Whether all of them show the same, at full scale: a reduced one would hide small gaps."""
    if len(versions) == 1:
        return True
    full = limits._replace(draft_side=None)
    return len({_digest(_load(version, kind, full)[0]) for version in versions}) == 1


def _digest(image: Image.Image) -> bytes:
    """Of all pixels. So only one of two large pictures is held at a time, and no copy of it."""
    from hashlib import sha256  # noqa: PLC0415  see _reader

    digest = sha256(repr((image.mode, image.size)).encode())
    for top in range(0, image.height, 256):
        digest.update(image.crop((0, top, image.width, min(top + 256, image.height))).tobytes())
    return digest.digest()


def _load(data: bytes, kind: str, limits: _Limits) -> tuple[Image.Image, Size]:
    if kind == "WEBP":
        from classifier.decoding.webp import webp_size  # noqa: PLC0415  see _reader

        if (declared := webp_size(data)) is not None:
            _check_size(data, kind, declared, limits)
    image = _reader(kind)(io.BytesIO(data))
    size = image.size
    _check_size(data, kind, size, limits)
    if kind == "HEIF" and limits.draft_side is not None and limits.memory is not None:
        from classifier.decoding.heif import heif_reduced  # noqa: PLC0415  see _reader

        if (reduced := heif_reduced(data, limits.draft_side)) is not None:
            return reduced
    if kind != "JPEG":
        image.load()
        return image, image.size  # which a HEIC may correct on loading
    if limits.draft_side is not None:
        ratio = limits.draft_side / max(size)
        image.draft(None, (math.ceil(size[0] * ratio), math.ceil(size[1] * ratio)))
    image.load()
    return image, size


def _check_size(data: bytes, kind: str, size: Size, limits: _Limits) -> None:
    size_check(data, kind, size, max_pixels=limits.max_pixels, memory=limits.memory)


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
