"""Which files are photos: the one table of the formats that are read here.

Uploads, commands and importers ask this module, by a file's first bytes or by its name.
Standard library only, so that every process may import it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class PhotoFormat:
    """One format that is read."""

    kind: str
    """Pillow's name for it."""
    name: str
    """As people write it."""
    words: str
    """Finish the sentence "This file is …"."""
    extensions: tuple[str, ...]
    """In lower case, with the dot; the usual one first."""
    mime_types: tuple[str, ...]


FORMATS = (
    PhotoFormat(
        "JPEG",
        "JPEG",
        "a JPEG picture",
        # Browsers on Windows save .jfif, .pjpeg and .pjp; stereo cameras and phone panoramas .mpo,
        # which is a JPEG with more JPEGs behind it.
        (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"),
        ("image/jpeg",),
    ),
    PhotoFormat("PNG", "PNG", "a PNG picture", (".png", ".apng"), ("image/png",)),
    PhotoFormat("WEBP", "WebP", "a WebP picture", (".webp",), ("image/webp",)),
    PhotoFormat(
        "HEIF",
        "HEIC",
        "an iPhone picture (HEIC)",
        (".heic", ".heif", ".hif", ".heics", ".heifs"),
        ("image/heic", "image/heif"),
    ),
)
BY_KIND = {one.kind: one for one in FORMATS}
EXTENSIONS = {extension: one.kind for one in FORMATS for extension in one.extensions}
"""Extension in lower case → kind."""
NAMES = " or ".join([", ".join(one.name for one in FORMATS[:-1]), FORMATS[-1].name])
"""All of them, for people."""
# Some phones and browsers know a format only by its extension. image/* lets a person choose any
# other picture as well: the refusal then says what it is and what to do.
ACCEPT = ",".join([*(mime for one in FORMATS for mime in one.mime_types), *EXTENSIONS, "image/*"])
"""The `accept` attribute of a file picker."""

# The words finish the sentence "This file is …".
_OTHER_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"II+\x00", "a TIFF picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\x00\x00\x00\x0cJXL", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"%!PS", "a PostScript drawing"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (b"\xd7\xcd\xc6\x9a", "a Windows drawing (WMF)"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"DDS ", "a DDS texture"),
)
_NO_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"Rar!", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a video"),
)
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{1,4}")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def kind_of(data: bytes) -> str | None:
    """JPEG, PNG, WEBP or HEIF by content; None for everything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    # "mif1" says only "some HEIF": AVIF files name it too, after their own brand.
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS and b"avif" not in data[8:40]:
        return "HEIF"
    return None


def picture_words(data: bytes) -> str | None:
    """What a picture in another format is, as words after "This file is …"; None if unknown."""
    for magic, words in _OTHER_PICTURES:
        if data.startswith(magic):
            return words
    if data[4:8] == b"ftyp" and b"avi" in data[8:40]:
        return "an AVIF picture"
    return "an SVG drawing" if b"<svg" in data[:1024].lower() else None


def document_words(data: bytes) -> str | None:
    """What a file that is no picture is, as words after "This file is …"; None if unknown."""
    for magic, words in _NO_PICTURES:
        if data.startswith(magic):
            return words
    if data[4:8] == b"ftyp":
        return "a video"
    head = data[:1024].lstrip().lower()
    return "a web page" if head.startswith((b"<!doctype html", b"<html", b"<script")) else None


def extension_of(filename: str) -> str:
    """The extension in lower case with its dot, "" if there is none.

    What follows the last dot of "Golf 1.6 TDI", "IMG_2024.05.11" or "photo.jpg_large" is none and
    claims no format.
    """
    suffix = PurePath(filename.replace("\\", "/").strip()).suffix.lower()
    return suffix if _EXTENSION.fullmatch(suffix) else ""
