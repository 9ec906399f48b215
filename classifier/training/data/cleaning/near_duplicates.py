"""Which photos show the same picture: encoded anew, scaled, watermarked, trimmed.

Two perceptual hashes of each photo are compared. The 64-bit one finds candidates quickly, the
256-bit one tells them apart: among 38 million pairs of 8,692 exterior photos (Stanford Cars,
advertisements, press photos) 460 pairs of different cars differ in 10 bits of 64 or fewer, because
every studio shows its cars alike. Of those the same picture of the same car differed in at most 38
bits of 256, different cars in 46 or more. Pictures of one file encoded anew (JPEG quality 20),
halved, brightened or watermarked differ in at most 8 of 64 and 22 of 256; with 1 % cut off each
edge in at most 8 and 38.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

LIMIT_64, LIMIT_256 = 10, 40
"""The most bits in which two hashes of one picture differ; see above."""
FLAT = 4.0
"""Standard deviation of the grey levels, 0…255, below which a picture is too plain for a hash.

Its bits would be chance. The flattest of the photos above has 15."""
QUERIES = 64
_BANDS, _BITS = 4, 16
_RADIUS = LIMIT_64 // _BANDS
"""Hashes that differ in LIMIT_64 bits differ in this many or fewer in at least one of the bands."""
_FLIPS = np.asarray(
    [sum(1 << bit for bit in bits) for count in range(_RADIUS + 1) for bits in combinations(range(_BITS), count)],
    dtype=np.uint16,
)


@dataclass(frozen=True)
class PictureHash:
    """What a picture looks like, blind to size, encoding and small changes."""

    coarse: int
    """64 bits, imagehash.phash: that of the marketplace's photos."""
    fine: str
    """256 bits in hex, imagehash.phash of hash_size 16."""


def picture_hash(image: Image.Image) -> PictureHash | None:
    """Of an upright RGB photo; None where it is too plain to tell it from another."""
    grey = image.convert("L")
    if float(np.asarray(grey.resize((32, 32), Image.Resampling.BILINEAR), dtype=np.float32).std()) < FLAT:
        return None
    return PictureHash(coarse=int(str(imagehash.phash(grey)), 16), fine=str(imagehash.phash(grey, hash_size=16)))


def twins(asked: Sequence[PictureHash | None], known: Sequence[PictureHash | None]) -> list[int | None]:
    """Per asked picture the place of the same one among the known; None where there is none.

    Not every pair is compared: pictures alike share at least one quarter of their 64-bit hash up to
    two bits, and looking those quarters up takes 548 steps a photo however many there are.
    """
    found: list[int | None] = [None] * len(asked)
    for query, place in _pairs(asked, known):
        found[query] = place
    return found


def alike(pictures: Sequence[PictureHash]) -> list[tuple[int, int]]:
    """Places of two that are the same picture, the earlier one first."""
    return sorted({pair for pair in _pairs(pictures, pictures) if pair[0] < pair[1]})


def _pairs(
    asked: Sequence[PictureHash | None], known: Sequence[PictureHash | None]
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Places of every pair that is the same picture, (asked, known); some come twice."""
    queries = [at for at, one in enumerate(asked) if one is not None]
    places = [at for at, one in enumerate(known) if one is not None]
    if not queries or not places:
        return
    wanted, wanted_fine = _arrays([one for one in asked if one is not None])
    there, there_fine = _arrays([one for one in known if one is not None])
    index = [_Band(there, band) for band in range(_BANDS)]
    for start in range(0, len(queries), QUERIES):
        part = slice(start, start + QUERIES)
        for band in index:
            query, place = band.candidates(wanted[part])
            near = np.bitwise_count(wanted[part][query] ^ there[place]) <= LIMIT_64
            query, place = query[near], place[near]
            bits = np.bitwise_count(wanted_fine[part][query] ^ there_fine[place]).sum(axis=1)
            for one, other in zip(query[bits <= LIMIT_256], place[bits <= LIMIT_256], strict=True):
                yield queries[start + int(one)], places[int(other)]


class _Band:
    """Places of hashes by 16 of their bits."""

    def __init__(self, hashes: NDArray[np.uint64], band: int) -> None:
        self._shift = np.uint64(band * _BITS)
        keys = self._keys(hashes)
        self._order = np.argsort(keys, kind="stable")
        self._starts = np.searchsorted(keys[self._order], np.arange(2**_BITS + 1))

    def _keys(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint16]:
        keys: NDArray[np.uint16] = (hashes >> self._shift).astype(np.uint16)
        return keys

    def candidates(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places of pairs (given, known) that are alike in this band, up to _RADIUS bits."""
        keys = (self._keys(hashes)[:, None] ^ _FLIPS[None, :]).astype(np.intp).ravel()
        first, count = self._starts[keys], self._starts[keys + 1] - self._starts[keys]
        query = np.repeat(np.repeat(np.arange(len(hashes)), len(_FLIPS)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return query, self._order[np.repeat(first, count) + within]


def _arrays(hashes: Sequence[PictureHash]) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """(N,) coarse hashes and (N, 4) fine ones, 64 bits each."""
    fine = np.frombuffer(b"".join(bytes.fromhex(one.fine) for one in hashes), dtype=np.uint64)
    return np.asarray([one.coarse for one in hashes], dtype=np.uint64), fine.reshape(len(hashes), 4)
