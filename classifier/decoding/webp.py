"""A WebP's size, and files whose picture is good although something behind it is not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

_HEADER = 12
_PIXELS = (b"VP8 ", b"VP8L", b"ANMF")
_KNOWN = (b"VP8X", b"ICCP", b"ANIM", b"ALPH", b"EXIF", b"XMP ", *_PIXELS)


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as declared at the beginning; None if that is damaged.

    The decoder sets aside memory for all pixels as soon as it is made, so this is asked before.
    """
    name, body = data[_HEADER : _HEADER + 4], data[_HEADER + 8 : _HEADER + 18]
    if len(body) < 10:
        return None
    if name == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def webp_mended(data: bytes) -> tuple[bytes, ...]:
    """The file put together anew from its complete chunks; empty if its pixels are not complete.

    So a wrong length in the file's header does no harm, nor metadata or later frames of an
    animation that are cut off.
    """
    chunks = list(_chunks(data))
    if not any(name in _PIXELS for name, _ in chunks):
        return ()
    body = b"WEBP" + b"".join(_chunk(name, content) for name, content in chunks)
    return (b"RIFF" + len(body).to_bytes(4, "little") + body,)


def webp_chunk_count(data: bytes, most: int) -> int:
    """How many chunks there are; stops counting at ``most``."""
    return sum(1 for _ in islice(_all_chunks(data), most))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The known chunks that are complete, each once but for an animation's frames."""
    seen = set()
    for name, start, end in _all_chunks(data):
        if name in _KNOWN and (name == b"ANMF" or name not in seen):
            seen.add(name)
            yield name, data[start:end]


def _all_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each complete chunk's name, and where its content starts and ends."""
    at = _HEADER
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length
        if end > len(data):
            return
        yield name, at + 8, end
        at = end + length % 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
