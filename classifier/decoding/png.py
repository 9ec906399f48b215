"""What of a PNG's chunks is needed for its picture.

Pillow reads every chunk, inflates every text and refuses the whole picture for any that is wrong.
Photoshop and other editors leave megabytes of text in a PNG, so its chunks are sorted out first:
text is skipped without being inflated, and memory does not grow with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xae\x42\x60\x82"
MOST_METADATA = 2**20
"""Bytes of a profile or of one text, packed or inflated. Pillow takes no more of either."""
_GREY, _COLOUR, _PALETTE = 0, 2, 3
# The texts in which ImageMagick and Photoshop write how the picture is to be turned.
_EXIF_TEXT, _XMP_TEXT = b"Raw profile type exif", b"XML:com.adobe.xmp"


def png_picture(data: bytes) -> bytes:
    """The PNG with only its pixels, palette, transparency, colour profile and orientation.

    Animations become their default image. Damaged ancillary chunks are left out, as libpng does.
    Critical ones stay as they are, for the decoder to find their damage. A missing end is added.
    """
    kept = [SIGNATURE]
    seen: set[bytes] = set()
    depth = colour = -1
    end = 0
    for name, start, end in _chunks(data):
        if name == b"IHDR":
            depth, colour = (*data[start + 16 : start + 18], -1, -1)[:2]
        opening = data[start + 8 : min(end - 4, start + 90)]
        if name[:1].isupper() or (name == b"iCCP" and _is_foreign(opening)):
            kept.append(data[start:end])
            continue
        key = _metadata_key(name, opening)
        if key is None or key in seen or not _is_whole(data, start, end):
            continue
        seen.add(key)  # only the first of each, or a file of small bombs would cost time
        body = data[start + 8 : end - 4]
        if name == b"tRNS":
            body = _transparency(body, depth, colour)
            if body:
                kept.append(_chunk(name, body))
        elif _is_readable(name, body):
            kept.append(data[start:end])
    if end <= len(data):  # else the end would be read as part of the chunk that is cut off
        kept.append(END)
    return b"".join(kept)


def png_chunk_count(data: bytes, most: int) -> int:
    """How many chunks there are; stops counting at ``most``."""
    return sum(1 for _ in islice(_chunks(data), most))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk's name, start and end, up to the end of the picture or of the file.

    A critical chunk that the file's end cuts off is the last one; a cut ancillary one is left out.
    """
    at = len(SIGNATURE)
    while at + 8 < len(data):  # a header with nothing behind it adds nothing
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if name == b"IEND" or (end > len(data) and not name[:1].isupper()):
            return
        yield name, at, end
        at = end


def _is_whole(data: bytes, start: int, end: int) -> bool:
    """Whether a chunk of metadata is of a size that is kept, and its checksum is right."""
    if end - start - 12 > MOST_METADATA:
        return False
    return zlib.crc32(data[start + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)


def _is_foreign(profile: bytes) -> bool:
    """Whether a profile is packed as PNG does not know. The decoder refuses such a file: no PNG
    writer makes it, so it is damaged on purpose or in some other standard."""
    method = profile.partition(b"\0")[2][:1]
    return method not in (b"", b"\0")


def _metadata_key(name: bytes, opening: bytes) -> bytes | None:
    """What an ancillary chunk is kept as, at most once; None if it is not needed.

    opening: its first bytes, enough for a keyword.
    """
    if name in (b"tRNS", b"iCCP", b"eXIf"):
        return name
    if name in (b"tEXt", b"zTXt", b"iTXt"):
        keyword = opening.partition(b"\0")[0]
        return keyword if keyword in (_EXIF_TEXT, _XMP_TEXT) else None
    return None


def _is_readable(name: bytes, body: bytes) -> bool:
    """Whether Pillow reads this metadata, and it is no larger than MOST_METADATA when inflated."""
    if name in (b"eXIf", b"tEXt"):
        return True
    _, _, rest = body.partition(b"\0")
    if name == b"iTXt":  # two flags, the language, the keyword translated, and the text
        compressed, method, packed = rest[:1], rest[1:2], rest[2:].split(b"\0", 2)[-1]
        return compressed == b"\0" or (method == b"\0" and _inflates(packed))
    return rest[:1] == b"\0" and _inflates(rest[1:])


def _inflates(packed: bytes) -> bool:
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(packed, MOST_METADATA)
    except zlib.error:
        return False
    return not inflater.unconsumed_tail


def _transparency(body: bytes, depth: int, colour: int) -> bytes:
    """A tRNS chunk's body in the numbers that Pillow compares the pixels with; empty if too short.

    Pillow widens 2 and 4 bits of grey to 8 and takes the high byte of 16 bits of colour, but leaves
    the transparent colour as it is in the file.
    """
    if colour == _PALETTE:
        return body
    values = [int.from_bytes(body[at : at + 2]) for at in range(0, len(body) - 1, 2)]
    if len(values) < (3 if colour == _COLOUR else 1):
        return b""
    if colour == _GREY and depth in (2, 4):
        values = [value * (255 // (2**depth - 1)) & 0xFF for value in values]
    elif colour == _COLOUR and depth == 16:
        values = [value >> 8 for value in values]
    return b"".join(value.to_bytes(2) for value in values)
