"""The child process that decodes one upload: bytes on stdin, a clean master and card on stdout.

Run as a script by ``ingest`` with an empty environment. It imports only the standard library,
Pillow, pillow-heif and ``classifier.decoding``, which needs no more than these: everything it does
happens with a stranger's bytes, so it must know no secret, and must be free to crash.

Output: one line of JSON, then (unless it is a refusal) the master's bytes and the card's bytes.
"""

import io
import json
import math
import os
import resource
import statistics
import sys
import warnings
from typing import Any

MASTER_SIDE = 2048
# Half of a phone's usual 4,032 pixels is 2,016: close enough to 2,048, for a quarter of the work.
DRAFT_SIDE = 1900
CARD_SIDE = 640
MASTER_QUALITY = 88
CARD_QUALITY = 82
# Standard deviation of grey levels, as in classifier.training.data.cleaning.near_duplicates.
PLAIN = 4.0
WHOLE = "whole"
"""In place of a box: all of the picture."""
BLUR_RADIUS = 4  # pixels of the card
# Of this process's memory for all but the pixels: the interpreter, the libraries, copies of the
# upload, master and card.
REST_BYTES = 100 * 2**20
# The limit counts addresses. libheif's codecs reserve this much of them and never touch it.
UNTOUCHED_BYTES = 110 * 2**20


class RefusedError(Exception):
    """The picture cannot be taken; ``args`` are the reason code and facts for the sentence."""


def limit_self(*, cpu_seconds: int, memory_bytes: int) -> None:
    """Limit what this process may use.

    Not set by the parent: preexec_fn is not safe in threaded servers.
    """
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":  # macOS refuses to limit address space
        _lower(resource.RLIMIT_AS, memory_bytes)


def _limit_pillow(max_pixels: int) -> None:
    """Pillow's own check, besides that of ``picture_open``. It is global, hence only here."""
    from PIL import Image  # noqa: PLC0415  # after limit_self, so that the limits hold for Pillow too

    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _lower(what: int, limit: int) -> None:
    _, hard = resource.getrlimit(what)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(what, (limit, limit))


def decode(
    data: bytes, *, kind: str, max_pixels: int, memory: int | None = None, quarters: int = 0, box: str = WHOLE
) -> tuple[dict[str, Any], bytes, bytes]:
    """Upright sRGB master (long side ≤ 2,048) and card (≤ 640) as JPEG without metadata.

    Turned clockwise by ``quarters`` of a circle; only ``box`` of it, "x1,y1,x2,y2" in pixels of the
    master. With them the facts that ingest stores. Raises
    RefusedError for everything that is not a picture of format ``kind`` with at most ``max_pixels``
    pixels, which take at most ``memory`` bytes.
    """
    # After limit_self, so that the limits hold for Pillow too.
    from PIL import Image  # noqa: PLC0415

    from classifier.decoding.opening import PictureError, picture_open  # noqa: PLC0415
    from classifier.decoding.upright import upright_rgb  # noqa: PLC0415

    try:
        image, _ = picture_open(data, kind=kind, max_pixels=max_pixels, draft_side=DRAFT_SIDE, memory=memory)
    except PictureError as error:
        raise RefusedError(error.reason, {"detail": str(error), **_size_facts(error)}) from error
    # Pictures rebuilt from nothing but their pixels: no metadata can ride along.
    master = upright_rgb(image, longest=MASTER_SIDE)
    if quarters % 4:
        master = master.transpose(
            getattr(Image.Transpose, f"ROTATE_{360 - 90 * (quarters % 4)}")
        )  # named the other way
    if box != WHOLE:
        left, top, right, bottom = map(int, box.split(","))
        master = master.crop((left, top, right, bottom))
    card = upright_rgb(master, longest=CARD_SIDE)
    grey = card.convert("L")
    facts = {
        "width": master.width,
        "height": master.height,
        "phash": perceptual_hash(grey),
        "phash_fine": "" if is_plain(grey) else perceptual_hash(grey, low=16),
        "brightness": brightness(grey),
        "blur": blur(grey),
    }
    return facts, _jpeg(master, MASTER_QUALITY), _jpeg(card, CARD_QUALITY)


def _size_facts(error: Any) -> dict[str, int]:
    facts = {} if error.size is None else {"width": error.size[0], "height": error.size[1]}
    return facts if error.most is None else {**facts, "most": error.most}


def _jpeg(image: Any, quality: int) -> bytes:
    image.info = {}  # Pillow writes a comment or a profile it finds here into the new file
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=b"", icc_profile=None)
    return out.getvalue()


def perceptual_hash(image: Any, *, low: int = 8) -> str:
    """DCT hash of low × low bits in hex, the same as ``imagehash.phash`` of that picture.

    Written out because ImageHash imports SciPy, which takes longer than all other work of a child.
    """
    from PIL import Image  # noqa: PLC0415

    side = 4 * low
    pixels = image.convert("L").resize((side, side), Image.Resampling.LANCZOS).tobytes()
    wave = [[math.cos(math.pi * k * (2 * n + 1) / (2 * side)) for n in range(side)] for k in range(low)]
    rows = [[float(value) for value in pixels[y * side : (y + 1) * side]] for y in range(side)]
    horizontal = [[sum(map(float.__mul__, wave[k], row)) for k in range(low)] for row in rows]
    columns = [[row[k] for row in horizontal] for k in range(low)]
    values = [sum(map(float.__mul__, wave[ky], columns[kx])) for ky in range(low) for kx in range(low)]
    middle = statistics.median(values)
    bits = "".join("1" if value > middle else "0" for value in values)
    return f"{int(bits, 2):0{low * low // 4}x}"


def is_plain(grey: Any) -> bool:
    """Whether a picture is too plain to be told from others: its bits would be chance."""
    from PIL import Image, ImageStat  # noqa: PLC0415

    return float(ImageStat.Stat(grey.resize((32, 32), Image.Resampling.BILINEAR)).stddev[0]) < PLAIN


def brightness(grey: Any) -> float:
    """The grey level, 0…255, that the brightest twentieth of the picture reaches."""
    counts = grey.histogram()
    left = sum(counts) / 20
    for level in range(255, -1, -1):
        left -= counts[level]
        if left <= 0:
            return float(level)
    return 0.0


def blur(grey: Any) -> float:
    """0…1: how little a picture loses when it is blurred some more, in the worse direction.

    After Crété and others, "The blur effect" (2007): a sharp picture loses much of the differences
    between neighbouring pixels, a blurred one has none to lose. Contrast does not matter.
    """
    from PIL import ImageChops, ImageFilter, ImageStat  # noqa: PLC0415

    blurred = grey.filter(ImageFilter.BoxBlur(BLUR_RADIUS))
    worst = 0.0
    for x, y in ((1, 0), (0, 1)):
        inner = (x, y, grey.width, grey.height)  # the first row or column has no neighbour
        before = ImageChops.difference(grey, ImageChops.offset(grey, x, y)).crop(inner)
        after = ImageChops.difference(blurred, ImageChops.offset(blurred, x, y)).crop(inner)
        total = ImageStat.Stat(before).sum[0]
        lost = ImageStat.Stat(ImageChops.subtract(before, after)).sum[0]
        if total:
            worst = max(worst, 1 - lost / total)
    return round(worst, 4)


def main(argv: list[str]) -> None:
    """``decoder.py KIND MAX_PIXELS CPU_SECONDS MEMORY_BYTES QUARTERS NICE BOX SITE_DIRECTORY…``"""
    kind, max_pixels, cpu_seconds, memory_bytes, quarters, nice, box, *paths = argv
    os.nice(int(nice))
    sys.path.extend(paths)  # started with -S: only the folders that it needs, no .pth file runs
    reserved = UNTOUCHED_BYTES if kind == "HEIF" else 0
    limit_self(cpu_seconds=int(cpu_seconds), memory_bytes=int(memory_bytes) + reserved)
    _limit_pillow(int(max_pixels))
    master = card = b""
    try:
        memory = int(memory_bytes) - REST_BYTES
        data = sys.stdin.buffer.read()
        answer, master, card = decode(
            data, kind=kind, max_pixels=int(max_pixels), memory=memory, quarters=int(quarters), box=box
        )
    except RefusedError as refusal:
        answer = {"refused": refusal.args[0], **refusal.args[1]}
    except MemoryError:
        answer = {"refused": "too_complex"}
    answer["sizes"] = [len(master), len(card)]
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + master + card)


if __name__ == "__main__":
    main(sys.argv[1:])
