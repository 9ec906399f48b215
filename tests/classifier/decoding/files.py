"""Pictures, and files that hold them in unusual ways."""

import io
import random
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener(thumbnails=False)

SIZE = (96, 64)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
BROKEN_EXIF = b"II*\0\x08"


def picture(seed=1, size=SIZE):
    """Rectangles on a slope: smooth enough to tell from JPEG's noise, and no two corners alike."""
    r = random.Random(seed)
    slope = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (slope, slope.rotate(180), Image.new("L", size, r.randrange(256))))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = r.randrange(size[0]), r.randrange(size[1])
        draw.rectangle([x, y, x + 30, y + 20], fill=tuple(r.randrange(256) for _ in "rgb"))
    return image


def encode(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def levels(image):
    return np.asarray(image.convert("RGB")).astype(int)


def difference(one, other):
    """The mean over all pixels, in grey levels."""
    assert one.size == other.size
    return abs(levels(one) - levels(other)).mean()


def chunk(name, body, crc=None):
    """A PNG's chunk; crc: another checksum than the right one."""
    return struct.pack(">I", len(body)) + name + body + (zlib.crc32(name + body).to_bytes(4) if crc is None else crc)


def png(*chunks, image=None, **options):
    """A PNG with these chunks before its pixels."""
    data = encode(picture() if image is None else image, "PNG", **options)
    pixels = data.index(b"IDAT") - 4
    return data[:pixels] + b"".join(chunks) + data[pixels:]


def png_of(values, depth, colour, *chunks):
    """A PNG of (H, W) or (H, W, channels) numbers of 8 or 16 bits, or of rows of packed bytes."""
    height, width = values.shape[:2]
    packed = depth < 8
    head = struct.pack(">IIBBBBB", width * 8 // depth if packed else width, height, depth, colour, 0, 0, 0)
    rows = values.astype(">u2" if depth == 16 else "u1")
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join([chunk(b"IHDR", head), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def segment(marker, payload):
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def jpeg(*segments, image=None, **options):
    """A JPEG with these segments at its beginning."""
    data = encode(picture() if image is None else image, "JPEG", **{"quality": 90, **options})
    return data[:2] + b"".join(segments) + data[2:]


def webp_chunks(data):
    at, chunks = 12, []
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks


def webp_of(chunks):
    body = b"WEBP" + b"".join(
        name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def webp(**changed):
    """A WebP with a profile, EXIF and XMP; changed: other contents, by the chunk's name."""
    data = encode(picture(), "WEBP", quality=90, exif=b"Exif\0\0" + BROKEN_EXIF, icc_profile=SRGB, xmp=b"<x/>" * 9)
    return webp_of((name, changed.get(name.decode().strip(), content)) for name, content in webp_chunks(data))


def heic(**options):
    return encode(picture(), "HEIF", quality=90, **options)


def mpo():
    return encode(picture(), "MPO", quality=90, save_all=True, append_images=[picture(2)])
