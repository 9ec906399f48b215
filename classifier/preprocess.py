"""From a photo's bytes to a network's input, in Pillow and NumPy only.

Validation in training and every serving engine use this code: crops that were cut or scaled
differently from those of the training cost another team 23 points of accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pillow_heif import register_heif_opener

from classifier.artefact import CropRule, Preprocessing
from classifier.decoding.opening import BROKEN_PICTURE, PictureError, picture_open
from classifier.decoding.upright import is_sideways, upright_rgb
from classifier.formats import NAMES, document_words, kind_of, picture_words

# For callers that open photos with Pillow themselves. Without thumbnails, which may be outdated.
register_heif_opener(thumbnails=False)

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the full upright photo; x2 and y2 exclusive."""
Photo = Path | bytes | Image.Image
FloatArray = NDArray[np.float32]

MAX_PIXELS = 64_000_000
PAD = 114  # the grey around letterboxed photos in YOLO's own training
_RESAMPLE = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class UnreadablePhotoError(Exception):
    """The bytes are no photo we read; the message says why in one line."""


@dataclass(frozen=True)
class Decoded:
    """An upright RGB photo, perhaps decoded at reduced scale."""

    image: Image.Image
    full_size: tuple[int, int]
    """Width and height of the upright photo at full scale; boxes are in these pixels."""

    @property
    def reduced(self) -> bool:
        """Whether decoding again at full scale would give more pixels."""
        return self.image.size != self.full_size


def photo_load(photo: Photo) -> bytes | Image.Image:
    """A path's bytes, anything else as it is; raises UnreadablePhotoError."""
    if not isinstance(photo, Path):
        return photo
    try:
        return photo.read_bytes()
    except FileNotFoundError as error:
        raise UnreadablePhotoError("no such file") from error
    except OSError as error:
        raise UnreadablePhotoError(f"the file cannot be read: {error.strerror}") from error


def decode(photo: Photo, *, min_side: int | None = None) -> Decoded:
    """Read a photo as upright RGB.

    min_side: a JPEG may be decoded at 1/2, 1/4 or 1/8 scale (much faster) as long as its longer
    side keeps this many pixels; None decodes at full scale. Raises UnreadablePhotoError.
    """
    source = photo_load(photo)
    try:
        if isinstance(source, Image.Image):
            image, size = source, source.size
        else:
            image, size = _open(source, min_side)
        return Decoded(upright_rgb(image), (size[1], size[0]) if is_sideways(image) else size)
    except (Image.DecompressionBombError, MemoryError) as error:
        raise UnreadablePhotoError("the photo is too large") from error
    except BROKEN_PICTURE as error:
        raise UnreadablePhotoError(_cannot(error)) from error


def _open(data: bytes, min_side: int | None) -> tuple[Image.Image, tuple[int, int]]:
    kind = kind_of(data)
    if kind is None:
        raise UnreadablePhotoError(_wrong_format(data))
    try:
        return picture_open(data, kind=kind, max_pixels=MAX_PIXELS, draft_side=min_side)
    except PictureError as error:
        if error.reason == "too_many_pixels":
            most = MAX_PIXELS // 1_000_000
            raise UnreadablePhotoError(f"the photo has more than {most} megapixels") from error
        raise UnreadablePhotoError(_cannot(error)) from error.__cause__


def _wrong_format(data: bytes) -> str:
    if not data:
        return "the file is empty"
    words = picture_words(data) or document_words(data)
    return f"{words}, not {NAMES}" if words else f"not a photo in a format that is read here ({NAMES})"


def _cannot(error: Exception) -> str:
    return f"the photo cannot be decoded: {' '.join(str(error).split())[:200]}"


def decode_closer(photo: Photo, decoded: Decoded, box: Box | None, rule: CropRule, *, side: int) -> Decoded:
    """`decoded`, or the photo decoded again at a larger scale if its crop would be too small.

    The crop should have `side` pixels, as far as the photo has them: classifying a small car takes
    more pixels than finding it. Raises UnreadablePhotoError.
    """
    if not decoded.reduced:
        return decoded
    x1, y1, x2, y2 = crop_box(box, decoded.full_size, rule)
    wanted = min(side / min(x2 - x1, y2 - y1), 1.0)  # decoded pixels per full pixel
    if decoded.image.width / decoded.full_size[0] >= wanted:
        return decoded
    return decode(photo, min_side=math.ceil(wanted * max(decoded.full_size)))


def crop_box(box: tuple[float, float, float, float] | None, image_size: tuple[int, int], rule: CropRule) -> Box:
    """The pixels to cut out for a car's box, grown by the rule's margin and clipped to the photo.

    At least one pixel. box: None is the whole photo, for photos that are already cut to the car.
    image_size: width, height.
    """
    width, height = image_size
    if box is None:
        return (0, 0, width, height)
    x1, y1, x2, y2 = box
    grow_x, grow_y = (x2 - x1) * rule.margin, (y2 - y1) * rule.margin
    left = min(max(round(x1 - grow_x), 0), width - 1)
    top = min(max(round(y1 - grow_y), 0), height - 1)
    right = max(min(round(x2 + grow_x), width), left + 1)
    bottom = max(min(round(y2 + grow_y), height), top + 1)
    return (left, top, right, bottom)


def crop_car(decoded: Decoded, box: Box | None, rule: CropRule) -> Image.Image:
    """Cut the car out; box in pixels of the full upright photo, the crop in decoded pixels."""
    full = crop_box(box, decoded.full_size, rule)
    if not decoded.reduced:
        return decoded.image if box is None else decoded.image.crop(full)
    scale_x = decoded.image.width / decoded.full_size[0]
    scale_y = decoded.image.height / decoded.full_size[1]
    scaled = (full[0] * scale_x, full[1] * scale_y, full[2] * scale_x, full[3] * scale_y)
    return decoded.image.crop(crop_box(scaled, decoded.image.size, CropRule(margin=0.0)))


def to_input(image: Image.Image, p: Preprocessing) -> FloatArray:
    """A cropped RGB photo as network input: float32, shape (3, input_size, input_size), normalised.

    The crop is squeezed to a square, not padded: that distorts it, but wastes no pixels on padding.
    """
    squeezed = image.resize((p.input_size, p.input_size), _RESAMPLE[p.interpolation])
    scale: FloatArray = np.asarray([1 / (255 * std) for std in p.std], dtype=np.float32)
    shift: FloatArray = np.asarray([m / s for m, s in zip(p.mean, p.std, strict=True)], dtype=np.float32)
    pixels: FloatArray = np.array(squeezed, dtype=np.float32)
    pixels *= scale
    pixels -= shift
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)


@dataclass(frozen=True)
class Letterbox:
    """A photo scaled into a grey square without changing its proportions, and the way back."""

    pixels: FloatArray
    """Shape (3, size, size), RGB, 0…1."""
    scale: float
    """Input pixels per pixel of the full photo."""
    left: int
    top: int

    def to_photo(self, boxes: FloatArray, full_size: tuple[int, int]) -> FloatArray:
        """Boxes (N, 4) x1 y1 x2 y2 in input pixels → pixels of the full photo, clipped."""
        shift = np.asarray([self.left, self.top, self.left, self.top], dtype=np.float32)
        limit = np.asarray([*full_size, *full_size], dtype=np.float32)
        moved: FloatArray = (boxes - shift) / np.float32(self.scale)
        return np.minimum(np.maximum(moved, np.float32(0)), limit)


def letterbox(image: Image.Image, size: int, full_size: tuple[int, int] | None = None) -> Letterbox:
    """Scale a photo into a square of `size` pixels, centred on grey.

    full_size: of the upright photo, if the image is a reduced one.
    """
    full = full_size or image.size
    scale = size / max(full)
    width, height = max(1, round(full[0] * scale)), max(1, round(full[1] * scale))
    left, top = (size - width) // 2, (size - height) // 2
    canvas = np.full((size, size, 3), PAD, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = np.asarray(image.resize((width, height), _RESAMPLE["bilinear"]))
    pixels: FloatArray = np.ascontiguousarray(canvas.transpose(2, 0, 1), dtype=np.float32)
    pixels /= 255
    return Letterbox(pixels, scale, left, top)
