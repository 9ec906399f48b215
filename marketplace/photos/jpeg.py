"""Check that a JPEG is nothing but a picture.

The parent does it, because a child that was taken over by a stranger's bytes may lie.
"""

from collections.abc import Iterator

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_START_OF_FRAME = {0xC0, 0xC1, 0xC2}
_ALLOWED = _START_OF_FRAME | {0xE0, 0xDB, 0xC4, 0xDD, _SOS}  # JFIF header, tables, frame, restart interval, scan


class NotCleanError(ValueError):
    """Not one plain JPEG: it has other segments (EXIF, comment …) or bytes behind its end."""


def clean_jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises NotCleanError if the JPEG holds more than its picture."""
    size: tuple[int, int] | None = None
    for marker, payload in _segments(data):
        if marker not in _ALLOWED:
            raise NotCleanError(f"segment FF{marker:02X}")
        if marker == 0xE0 and (not payload.startswith(b"JFIF\x00") or len(payload) != 14):
            raise NotCleanError("an application segment that is not a bare JFIF header")
        if marker in _START_OF_FRAME:
            size = int.from_bytes(payload[3:5]), int.from_bytes(payload[1:3])
    if size is None or 0 in size:
        raise NotCleanError("no frame")
    return size


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    if data[:2] != bytes((0xFF, _SOI)):
        raise NotCleanError("does not start as a JPEG")
    at = 2
    while True:
        if at + 2 > len(data) or data[at] != 0xFF:
            raise NotCleanError("broken segment")
        marker = data[at + 1]
        if marker == _EOI:
            break
        length = int.from_bytes(data[at + 2 : at + 4])
        if length < 2 or at + 2 + length > len(data):
            raise NotCleanError("broken segment length")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == _SOS:
            at = _end_of_scan(data, at)
    if at + 2 != len(data):
        raise NotCleanError("bytes after the end of the picture")


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the scan ends: in it, FF00 is a data byte and FFD0 to FFD7 are restart markers."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise NotCleanError("no end of picture")
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
