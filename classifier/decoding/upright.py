"""Any Pillow image as upright RGB."""

from __future__ import annotations

import io
import struct
from typing import cast

from PIL import Image, ImageChops

_ORIENTATION = 0x0112
# Pixels of which copies are made at once; 4 bytes each, and some modes go through two or three.
_AT_ONCE = 2**24
_SIDEWAYS = (5, 6, 7, 8)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What reading a broken EXIF block can raise. The picture is good without it, though perhaps not
# upright.
_BROKEN_EXIF = (
    SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, OSError, struct.error
)  # fmt: skip


def is_sideways(image: Image.Image) -> bool:
    """Whether width and height change places when it is turned upright."""
    return _orientation(image) in _SIDEWAYS


def upright_rgb(image: Image.Image, *, longest: int | None = None) -> Image.Image:
    """A new picture of mode RGB, sRGB where the image has a colour profile, without any metadata.

    Images of every mode are taken. Transparent ones are laid on white, as a page shows them:
    colours under transparent pixels are arbitrary. Grey of 16 bits and more (I, I;16, F) is scaled
    to 8 (see _narrowed).

    longest: shrink the longer side to at most this many pixels, before the costly steps.
    """
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    direct = _direct(image, _brightest(image)) if longest is None else _direct_shrunk(image, longest)
    rgb = _to_srgb(_on_white(direct), profile)
    turn = _TURNS.get(orientation)
    upright = rgb if turn is None else rgb.transpose(turn)
    upright.info = {}
    return upright


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size of a picture with its longer side at most this long, in the same proportions."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image) -> int:
    """EXIF's number, 1 (upright) if there is none that can be read.

    Not ImageOps.exif_transpose, which writes the whole EXIF block anew and fails with a broken one
    in many ways.
    """
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN_EXIF:
        return 1
    return value if isinstance(value, int) else 1


def _direct_shrunk(image: Image.Image, longest: int) -> Image.Image:
    """A picture as of ``_direct``, with its longer side at most this long.

    A very large one is first reduced strip by strip, so that no copy of all of it is made.
    """
    brightest = _brightest(image)
    factor = max(image.size) // longest
    if image.width * image.height <= _AT_ONCE or factor < 2:
        return _shrunk(_direct(image, brightest), longest)
    rows = factor * max(1, _AT_ONCE // 16 // (image.width * factor))
    reduced: Image.Image | None = None
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        part = _direct(strip, brightest).reduce(factor)
        if reduced is None:
            reduced = Image.new(part.mode, (part.width, -(-image.height // factor)))
        reduced.paste(part, (0, top // factor))
    return image if reduced is None else _shrunk(reduced, longest)


def _brightest(image: Image.Image) -> float:
    """The largest value of grey of more than 8 bits; 0 for other pictures."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return 0.0
    return cast(tuple[float, float], _wide(image).getextrema())[1]


def _wide(image: Image.Image) -> Image.Image:
    return image if image.mode in ("I", "I;16", "F") else image.convert("I")


def _direct(image: Image.Image, brightest: float) -> Image.Image:
    """The same picture with 8 bits per channel, no palette, and transparency as a channel.

    Its mode is one of L, LA, RGB, RGBA and CMYK, which keep all colours when they are resized.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _narrowed(image, brightest)
    if image.mode == "La":
        return image.convert("LA")
    if image.mode in ("LA", "RGBA"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _narrowed(image: Image.Image, brightest: float) -> Image.Image:
    """Grey of more than 8 bits as L, or LA if one of its values is transparent.

    convert() would clip everything above 255 to white. How many bits the numbers use is not written
    down for these modes, so the brightest pixel of the whole picture tells: above 255 they are
    16-bit numbers, else 8-bit ones, and in mode F up to 1 they are shares of white.
    """
    wide = _wide(image)
    scale = 1 / 256 if brightest > 255 else 255.0 if image.mode == "F" and brightest <= 1 else 1.0
    grey = wide.point(lambda value: value * scale).convert("L")
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    whole = wide.convert("I")
    below, above = whole.point(lambda value: value * -1 + key), whole.point(lambda value: value * 1 - key)
    # convert() clips negative values to 0, so the lighter of both is 0 only at the key.
    apart = ImageChops.lighter(below.convert("L"), above.convert("L"))
    return Image.merge("LA", (grey, apart.point(lambda value: 255 if value else 0)))


def _shrunk(image: Image.Image, longest: int) -> Image.Image:
    size = fit(image.size, longest)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """A copy in RGB. Colours of wide-gamut phones and printers become sRGB, as pages show them."""
    if isinstance(profile, bytes) and b"sRGB" not in profile[:1024] and image.mode in ("RGB", "CMYK"):
        from PIL import ImageCms  # noqa: PLC0415  few photos need it, and each upload's process would load it

        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # damaged, or of another kind of picture: the numbers are all there is
        if converted is not None:
            return converted
    return image.convert("RGB")
