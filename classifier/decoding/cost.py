"""What a file will cost to open, told from what it declares: nothing is decoded here.

A file of some kilobytes may ask for seconds of a processor or a gigabyte of memory within the limit
of pixels. What no camera or program writes is refused before a decoder sees it.
"""

from __future__ import annotations

import math
from itertools import islice

from classifier.decoding.errors import PictureError, Size

MOST_SCANS = 100
"""Of a JPEG. Encoders write 10 to 20; each goes over all of the picture again."""
MOST_SEGMENTS = 5_000
"""Of a JPEG in all, or chunks of a WebP. A colour profile and depth maps take hundreds."""
MOST_CHUNKS = 20_000
"""Of a PNG. Usual encoders write one for each 8 kB."""
LONGEST_SIDE = 65_535
"""In pixels, for every format as for JPEG: a decoder keeps notes on each row."""
# Bytes of memory for a pixel: two canvasses, the copy handed out and the picture. A HEIC takes
# less than 5 and needs no line of its own.
_WEBP_BYTES = 16
FRAMES = (0xC0, 0xC1, 0xC2)
SOS = 0xDA


def cost_check(data: bytes, kind: str) -> None:
    """Raise PictureError ("too_complex") for a file of more parts than any encoder writes."""
    if kind == "JPEG":
        _check_segments(data)
    elif kind == "PNG":
        from classifier.decoding.png import png_chunk_count  # noqa: PLC0415  each upload imports its own format only

        _check_count(png_chunk_count(data, MOST_CHUNKS + 1), MOST_CHUNKS, "chunks")
    elif kind == "WEBP":
        from classifier.decoding.webp import webp_chunk_count  # noqa: PLC0415

        _check_count(webp_chunk_count(data, MOST_SEGMENTS + 1), MOST_SEGMENTS, "chunks")


def size_check(data: bytes, kind: str, size: Size, *, max_pixels: int, memory: int | None) -> None:
    """Raise PictureError for a declared size that is not taken.

    memory: bytes that the pixels may take while they are decoded; None = any.
    """
    if math.prod(size) > max_pixels:
        raise PictureError("too_many_pixels", _pixels(size), size=size)
    if max(size) > LONGEST_SIDE:
        raise PictureError("too_complex", f"{_pixels(size)}: longer than {LONGEST_SIDE}")
    if memory is None:
        return
    if kind == "WEBP" and math.prod(size) * _WEBP_BYTES > memory:
        raise PictureError("too_many_pixels", _pixels(size), size=size, most=memory // _WEBP_BYTES)
    if kind == "PNG" and (unpacked := math.prod(size) * _png_bytes(data)) > memory:
        raise PictureError("too_complex", f"{_pixels(size)}: {unpacked} bytes unpacked")
    if kind == "JPEG" and (held := _coefficient_bytes(data)) > memory:
        raise PictureError("too_complex", f"{_pixels(size)}: {held} bytes of coefficients")


def _pixels(size: Size) -> str:
    return f"{size[0]} × {size[1]} pixels"


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise PictureError("too_complex", f"more than {most} {what}")


def _check_segments(data: bytes) -> None:
    """Count a JPEG's segments up to the first scan, and all of them if there are more scans."""
    from classifier.decoding.jpeg import jpeg_segments  # noqa: PLC0415

    one_scan = data.count(b"\xff\xda") <= 1  # quick; may count too many, in thumbnails, but not too few
    scans = 0
    for number, (marker, _, _) in enumerate(islice(jpeg_segments(data), MOST_SEGMENTS + 1), 1):
        _check_count(number, MOST_SEGMENTS, "segments")
        if marker == SOS:
            scans += 1
            _check_count(scans, MOST_SCANS, "scans")
            if one_scan:
                return


def _coefficient_bytes(data: bytes) -> int:
    """What a JPEG in several scans keeps of all its blocks until the last scan has come; else 0."""
    from classifier.decoding.jpeg import jpeg_segments  # noqa: PLC0415

    frame = b""
    for marker, _, payload in jpeg_segments(data):
        if marker in FRAMES and len(payload) >= 6:
            frame = payload
            progressive = marker == FRAMES[2]
        elif marker == SOS and frame and payload:
            in_one = not progressive and payload[0] == frame[5]
            return 0 if in_one else _blocks_bytes(frame)
    return 0


def _blocks_bytes(frame: bytes) -> int:
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    factors = [(byte >> 4, byte & 15) for byte in frame[7::3]]
    across, down = max(1, *(h for h, _ in factors)), max(1, *(v for _, v in factors))
    return sum(2 * math.ceil(width * h / across) * math.ceil(height * v / down) for h, v in factors)


def _png_bytes(data: bytes) -> int:
    """Of a pixel, unpacked or in the file, whichever is more: 1 to 8."""
    depth, colour = (data[24], data[25]) if len(data) > 25 else (8, 6)
    each = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 4)
    return max(-(-depth * each // 8), 4 if each > 1 else 1)  # Pillow packs neither 2 channels nor 3
