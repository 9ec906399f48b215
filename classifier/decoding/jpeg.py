"""JPEG files whose picture is good although something around it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_RST0, _RST7 = 0xD0, 0xD7
_COEFFICIENTS = 64
# In a scan, FF00 is a data byte and FFD0 to FFD7 are restart markers; anything else ends it.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
# Filling for a missing end. A decoder reads zeros beyond the end, so it begins with ones: already
# one bit that is missing tells. It holds no FF, so it is data and no marker.
_NOISE = b"\xfe\xfe" + bytes((73 * place + 41) % 251 for place in range(200))


class _Walk:
    """What was met on the way through a file."""

    def __init__(self) -> None:  # no dataclass: its import takes long, and every upload has a process of its own
        self.header: list[tuple[int, bytes]] = []
        """Marker and payload of each segment before the first scan."""
        self.scans: tuple[int, int] = (0, 0)
        """Where the first scan's segment begins, and where the last scan ends."""
        self.last_scan = 0
        self.ended = False
        """Whether there is an end marker."""
        self.script: list[bytes] = []
        """The payloads of the scans' own headers."""


def jpeg_mended(data: bytes) -> tuple[bytes, ...]:
    """Versions of a JPEG, less what may stop a decoder; empty if it cannot be mended.

    Metadata that is damaged or that no decoder needs is left out. Where the end marker is missing
    there are two versions, whose missing end is filled in differently: the picture is complete only
    if both decode to the same pixels. Of a file that lacks whole scans there is no version.
    """
    walk = _walk(data)
    if walk is None:
        return ()
    start, end = walk.scans
    head = bytes((0xFF, _SOI)) + b"".join(_segment(marker, payload) for marker, payload in _needed(walk.header))
    body = head + data[start:end]
    eoi = bytes((0xFF, _EOI))
    if walk.ended:
        return (body + eoi,)
    if not _has_all_scans(walk):
        return ()
    body = body.removesuffix(b"\xff")  # half of an end marker
    restarts = [data.rfind(bytes((0xFF, marker)), walk.last_scan, end) for marker in range(_RST0, _RST7 + 1)]
    last = restarts.index(max(restarts)) if max(restarts) >= 0 else 7
    # The noise goes on behind the restart markers that are due, in case the file breaks off at one.
    noise = _NOISE + b"".join(bytes((0xFF, _RST0 + (last + step) % 8)) + _NOISE for step in (1, 2))
    return body + eoi, body + noise + eoi


def _walk(data: bytes) -> _Walk | None:
    """Go through the file to its end marker, or as far as it goes. None if there is no scan."""
    walk = _Walk()
    for marker, start, payload in jpeg_segments(data):
        if marker == _SOS:
            first = walk.scans[0] if walk.script else start
            following = _NEXT_MARKER.search(data, start + 4 + len(payload))
            walk.scans = (first, following.start() if following else len(data))
            walk.last_scan = start
            walk.script.append(payload)
        elif marker == _EOI:
            walk.ended = True
            # Tables between the last scan and the end serve no scan.
        elif not walk.script:
            walk.header.append((marker, payload))
    return walk if walk.script else None


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, place and payload of each segment, up to the end marker or the first broken one."""
    at = 2
    while (found := _NEXT_MARKER.search(data, at)) is not None:
        start, marker = found.start(), data[found.start() + 1]
        if marker == _EOI:
            yield marker, start, b""
            return
        if marker in (_SOI, 0x01):  # stand alone
            at = start + 2
            continue
        length = int.from_bytes(data[start + 2 : start + 4])
        at = start + 2 + length
        if length < 2 or at > len(data):
            return
        yield marker, start, data[start + 4 : at]


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def _needed(header: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The segments without which picture, colours or orientation would be others."""
    profile = [payload for marker, payload in header if marker == 0xE2 and payload.startswith(_ICC)]
    whole_profile = all(len(part) > len(_ICC) + 2 and part[len(_ICC) + 1] == len(profile) for part in profile)
    seen: set[bytes] = set()
    for marker, payload in header:
        if marker == _COM:
            continue
        if not 0xE0 <= marker <= 0xEF:
            yield marker, payload
        elif marker == 0xE2 and payload.startswith(_ICC):
            if whole_profile:
                yield marker, payload
        elif (name := _metadata_name(marker, payload)) and name not in seen:
            seen.add(name)
            yield marker, payload


def _metadata_name(marker: int, payload: bytes) -> bytes:
    """What kind of needed metadata a segment holds; empty if it holds none, or is too short."""
    if marker == 0xE0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return b"JFIF"
    if marker == 0xEE and payload.startswith(b"Adobe") and len(payload) >= 12:
        return b"Adobe"
    return next((name for name in (_EXIF, _XMP) if marker == 0xE1 and payload.startswith(name)), b"")


def _has_all_scans(walk: _Walk) -> bool:
    """Whether each component was sent, and in a progressive file each coefficient to its last bit.

    The standard allows less, but who cuts a progressive file between two scans leaves the same.
    """
    frame = next(((m, body) for m, body in walk.header if m in (*_SEQUENTIAL, _PROGRESSIVE)), None)
    if frame is None or len(frame[1]) < 6:
        return False
    marker, body = frame
    components = body[6 : 6 + 3 * body[5] : 3]
    missing = {component: set(range(_COEFFICIENTS)) for component in components}
    for scan in walk.script:
        if len(scan) < 4 + 2 * scan[0]:
            return False
        first, last, bits = scan[1 + 2 * scan[0] :][:3]
        if marker in _SEQUENTIAL:
            first, last, bits = 0, _COEFFICIENTS - 1, 0
        for component in scan[1 : 1 + 2 * scan[0] : 2]:
            if bits & 0x0F == 0 and component in missing:
                missing[component] -= set(range(first, last + 1))
    return bool(missing) and not any(missing.values())
