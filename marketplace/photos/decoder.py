"""The child process that decodes one upload: bytes on stdin, a clean master and card on stdout.

Run as a script by ``ingest`` with an empty environment. It imports only the standard library, Pillow and pillow-heif,
because everything it does happens with a stranger's bytes: it must know no secret, and must be free to crash.

Output: one line of JSON, then (unless it is a refusal) the master's bytes and the card's bytes.
"""

import io
import json
import math
import resource
import statistics
import struct
import sys
import warnings
from typing import Any

MASTER_SIDE = 2048
# Phones' usual 4,032 pixels halve to 2,016: near enough to 2,048 to take it for a quarter of the work.
DRAFT_SIDE = 1900
CARD_SIDE = 640
MASTER_QUALITY = 88
CARD_QUALITY = 82
ORIENTATION_TAG = 0x0112

# What reading somebody's hand-made EXIF block can raise. The picture is good without it, only perhaps not upright.
BROKEN_EXIF = (
    SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, ZeroDivisionError, OSError, struct.error
)  # fmt: skip
# What Pillow's decoders raise for broken data; RuntimeError: pillow-heif, for what libheif refuses.
BROKEN_IMAGE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError, RuntimeError, struct.error
)  # fmt: skip


class RefusedError(Exception):
    """The picture cannot be taken; ``args`` are the reason code and facts for the sentence."""


def limit_self(*, cpu_seconds: int, memory_bytes: int) -> None:
    """Bound what this process may use. Set here, not by the parent: preexec_fn is not safe in threaded servers."""
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":  # macOS refuses to limit address space
        _lower(resource.RLIMIT_AS, memory_bytes)


def _lower(what: int, limit: int) -> None:
    _, hard = resource.getrlimit(what)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(what, (limit, limit))


def decode(data: bytes, *, kind: str, max_pixels: int) -> tuple[dict[str, Any], bytes, bytes]:
    """Upright sRGB master (long side ≤ 2,048) and card (≤ 640) as JPEG without metadata, with the picture's facts.

    Raises RefusedError for everything that is not a picture of at most ``max_pixels`` pixels of format ``kind``.
    """
    from PIL import Image  # noqa: PLC0415  # after limit_self, so that the limits hold for Pillow too

    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(io.BytesIO(data), formats=_register(kind))
        if image.width * image.height > max_pixels:
            raise RefusedError("too_many_pixels", {"width": image.width, "height": image.height})
        # Lets libjpeg decode large photos at a half, a quarter or an eighth: a fraction of the time and memory.
        image.draft(image.mode, _fit(image.size, DRAFT_SIDE))
        image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError("too_many_pixels", {}) from error
    except BROKEN_IMAGE as error:
        raise RefusedError(
            "truncated" if "truncated" in str(error).lower() else "broken", {"detail": str(error)}
        ) from error

    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    master = _upright(_to_srgb(_shrink(image, MASTER_SIDE), profile), orientation)
    # A picture rebuilt from nothing but its pixels: no metadata can ride along.
    card = _shrink(master, CARD_SIDE)
    facts = {"width": master.width, "height": master.height, "phash": perceptual_hash(card)}
    return facts, _jpeg(master, MASTER_QUALITY), _jpeg(card, CARD_QUALITY)


def _register(kind: str) -> tuple[str, ...]:
    """Load only the plugin that this upload needs, and name the formats that Pillow may try."""
    if kind == "JPEG":  # also stereo cameras' and phone panoramas' MPO, a JPEG followed by others: the first counts
        from PIL import JpegImagePlugin, MpoImagePlugin  # noqa: F401, PLC0415
    elif kind == "PNG":
        from PIL import PngImagePlugin  # noqa: F401, PLC0415
    elif kind == "WEBP":
        from PIL import WebPImagePlugin  # noqa: F401, PLC0415
    elif kind == "HEIF":
        import pillow_heif  # noqa: PLC0415

        pillow_heif.register_heif_opener(thumbnails=False)
    return (kind,)


def _orientation(image: Any) -> int:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except BROKEN_EXIF:
        return 1
    return value if isinstance(value, int) else 1


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(image: Any, side: int) -> Any:
    """At most ``side`` pixels long, in a mode that can be converted to RGB without losing transparency or depth."""
    from PIL import Image  # noqa: PLC0415

    if image.mode.startswith("I") or image.mode == "F":  # 16 bits of grey, which convert() would clip to white
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in {"P", "PA"}:
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    size = _fit(image.size, side)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _to_srgb(image: Any, profile: object) -> Any:
    """Flatten transparency on white and bring wide-gamut phones' colours to sRGB, which is what a page shows."""
    from PIL import Image  # noqa: PLC0415

    if image.mode in {"RGBA", "LA", "La", "RGBa"}:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    if isinstance(profile, bytes) and b"sRGB" not in profile[:1024] and image.mode in {"RGB", "CMYK"}:
        from PIL import ImageCms  # noqa: PLC0415

        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a broken profile, or one of another kind of picture: the numbers are all there is
        if converted is not None:
            return converted
    return image.convert("RGB")


def _upright(image: Any, orientation: int) -> Any:
    from PIL import Image  # noqa: PLC0415

    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


def _jpeg(image: Any, quality: int) -> bytes:
    image.info = {}  # Pillow writes a comment or a profile it finds here into the new file
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=b"", icc_profile=None)
    return out.getvalue()


def perceptual_hash(image: Any) -> str:
    """64-bit DCT hash as 16 hex digits, the same as ``imagehash.phash`` of that picture.

    Written out because importing ImageHash brings SciPy into every child: longer than all the rest of its work.
    """
    from PIL import Image  # noqa: PLC0415

    side, low = 32, 8
    pixels = image.convert("L").resize((side, side), Image.Resampling.LANCZOS).tobytes()
    wave = [[math.cos(math.pi * k * (2 * n + 1) / (2 * side)) for n in range(side)] for k in range(low)]
    rows = [pixels[y * side : (y + 1) * side] for y in range(side)]
    horizontal = [[sum(map(float.__mul__, wave[k], map(float, row))) for k in range(low)] for row in rows]
    values = [
        sum(wave[ky][y] * horizontal[y][kx] for y in range(side)) for ky in range(low) for kx in range(low)
    ]  # fmt: skip
    middle = statistics.median(values)
    bits = "".join("1" if value > middle else "0" for value in values)
    return f"{int(bits, 2):016x}"


def main(argv: list[str]) -> None:
    """``decoder.py KIND MAX_PIXELS CPU_SECONDS MEMORY_BYTES SITE_DIRECTORY…``"""
    kind, max_pixels, cpu_seconds, memory_bytes, *paths = argv
    sys.path.extend(paths)  # started with -S: only Pillow's own folder is added, no .pth file runs
    limit_self(cpu_seconds=int(cpu_seconds), memory_bytes=int(memory_bytes))
    master = card = b""
    try:
        answer, master, card = decode(sys.stdin.buffer.read(), kind=kind, max_pixels=int(max_pixels))
    except RefusedError as refusal:
        answer = {"refused": refusal.args[0], **refusal.args[1]}
    except MemoryError:
        answer = {"refused": "too_complex"}
    answer["sizes"] = [len(master), len(card)]
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + master + card)


if __name__ == "__main__":
    main(sys.argv[1:])
