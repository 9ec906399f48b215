"""How long a file takes to decode, told from its first bytes: for sharing a processor out.

Standard library only, and nothing is decoded: the web process asks before it starts a child.
"""

from __future__ import annotations

import math
from itertools import islice

from classifier.decoding.cost import FRAMES, MOST_SEGMENTS, SOS, cost_check

# Processor seconds on two cores at 2.5 GHz, as scripts/decoder_budget.py prints them: to start a
# child and to write its answer; then for each megapixel.
START = 0.1
# A JPEG is decoded at half its scale or less; each scan goes over all of it once more.
_JPEG, _JPEG_SCAN = 0.003, 0.001
_EACH = {"PNG": 0.037, "WEBP": 0.038, "HEIF": 0.028}
# Of a file that does not say its size: as if it had a telephone's 12 megapixels.
_UNKNOWN = 12.0
_SPATIAL = b"ispe"
_MOST_SPATIAL = 1_000


def seconds_expected(data: bytes, kind: str) -> float:
    """Processor seconds that decoding will take, roughly. Only as honest as the file's header.

    Raises PictureError ("too_complex") for what is refused without decoding.
    """
    cost_check(data, kind)
    if kind == "JPEG":
        megapixels, scans = _jpeg(data)
        return START + megapixels * (_JPEG + _JPEG_SCAN * scans)
    return START + (_megapixels(data, kind) or _UNKNOWN) * _EACH[kind]


def _jpeg(data: bytes) -> tuple[float, int]:
    """Megapixels, and the number of scans; 1 where only one marker of a scan is in the file."""
    from classifier.decoding.jpeg import jpeg_segments  # noqa: PLC0415  each upload imports its own format only

    one_scan = data.count(b"\xff\xda") <= 1
    megapixels, scans = _UNKNOWN, 0
    for marker, _, payload in islice(jpeg_segments(data), MOST_SEGMENTS):
        if marker in FRAMES and len(payload) >= 5:
            megapixels = int.from_bytes(payload[1:3]) * int.from_bytes(payload[3:5]) / 1e6
        elif marker == SOS:
            scans += 1
            if one_scan:
                break
    return megapixels, max(1, scans)


def _megapixels(data: bytes, kind: str) -> float:
    """0 if the file does not say."""
    if kind == "PNG":
        return math.prod((int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))) / 1e6
    if kind == "WEBP":
        from classifier.decoding.webp import webp_size  # noqa: PLC0415

        return math.prod(webp_size(data) or (0, 0)) / 1e6
    return _heif_pixels(data) / 1e6


def _heif_pixels(data: bytes) -> int:
    """Of the largest item: a photo of many tiles names its own size beside theirs."""
    most, at = 0, data.find(_SPATIAL)
    for _ in range(_MOST_SPATIAL):
        if at < 0:
            break
        most = max(most, int.from_bytes(data[at + 8 : at + 12]) * int.from_bytes(data[at + 12 : at + 16]))
        at = data.find(_SPATIAL, at + 4)
    return most
