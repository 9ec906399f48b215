"""Photos made as bad as sellers' are, so that training sees them and confidences stay honest there.

A network that only ever saw large, sharp, bright cars names one of 40 pixels as surely as any. Each
kind of damage here is one that advertisements show: few pixels, motion and focus blur, hard
compression, night, another camera's colours, a site's watermark, something that stands before the
car. Everything is drawn from torch's generator, which the caller seeds per photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torchvision.transforms import v2

FEWEST_PIXELS, MOST_PIXELS = 24, 160
"""Sides of a car that the site calls small; drawn evenly on a logarithmic scale."""
BOTH_SHARE = 0.4
"""How often a photo suffers from a second kind: night photos are blurred, small ones compressed."""
_MARKS = ("auto.example", "CARS 24", "FOR SALE", "motors", "+00 123 456", "used cars")
_jpeg: Any = v2.JPEG((12, 55))


class Degrade:
    """Picture → picture of the same size, degraded with a probability."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def __call__(self, picture: Image.Image) -> Image.Image:
        """picture: RGB."""
        if _uniform(0, 1) >= self._probability:
            return picture
        count = 2 if _uniform(0, 1) < BOTH_SHARE else 1
        for at in torch.randperm(len(KINDS))[:count].tolist():
            picture = KINDS[at](picture)
        return picture


def few_pixels(picture: Image.Image) -> Image.Image:
    """The car as a photo taken from afar shows it, scaled up again as serving does."""
    side = math.exp(_uniform(math.log(FEWEST_PIXELS), math.log(MOST_PIXELS)))
    width, height = picture.size
    scale = min(1.0, side / max(width, height))
    small = (max(4, round(width * scale)), max(4, round(height * scale)))
    how = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)[_choice(3)]
    return picture.resize(small, how).resize((width, height), Image.Resampling.BILINEAR)


def blurred(picture: Image.Image) -> Image.Image:
    """Out of focus, or moved: a mean along one of four directions."""
    if _uniform(0, 1) < 0.5:
        return picture.filter(ImageFilter.GaussianBlur(_uniform(0.8, 3.0)))
    kernel = np.zeros((5, 5))
    direction = _choice(4)
    for at in range(5):
        row, column = ((2, at), (at, 2), (at, at), (at, 4 - at))[direction]
        kernel[row, column] = 1
    return picture.filter(ImageFilter.Kernel((5, 5), kernel.ravel().tolist()))


def compressed(picture: Image.Image) -> Image.Image:
    """Blocks and halos of a JPEG of low quality."""
    found: torch.Tensor = _jpeg(v2.functional.pil_to_tensor(picture))
    return Image.fromarray(found.permute(1, 2, 0).numpy())


def dark(picture: Image.Image) -> Image.Image:
    """Night: less light, most of it lost in the shadows, a sensor's noise."""
    light = (np.asarray(picture, dtype=np.float32) / 255) ** _uniform(1.2, 2.5) * _uniform(0.35, 0.9)
    noise = torch.randn(picture.height, picture.width, 1).numpy() * _uniform(0.0, 0.06)
    return _picture(light + noise)


def tinted(picture: Image.Image) -> Image.Image:
    """Another camera's white: each colour by a factor of its own."""
    gains = [_uniform(0.75, 1.25) for _ in range(3)]
    return _picture(np.asarray(picture, dtype=np.float32) / 255 * np.asarray(gains, dtype=np.float32))


def watermarked(picture: Image.Image) -> Image.Image:
    """A site's or a dealer's words across the car, half transparent."""
    over = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(over)
    ink = (*((255, 255, 255), (0, 0, 0), (220, 30, 30))[_choice(3)], int(_uniform(60, 200)))
    size = _uniform(0.06, 0.2) * picture.width
    place = (_uniform(0, 0.6) * picture.width, _uniform(0, 0.9) * picture.height)
    draw.text(place, _MARKS[_choice(len(_MARKS))], fill=ink, font_size=size)
    return Image.alpha_composite(picture.convert("RGBA"), over).convert("RGB")


def hidden(picture: Image.Image) -> Image.Image:
    """Something before the car, or the picture's edge through it: a band from one side, of one
    colour."""
    width, height = picture.size
    share = _uniform(0.1, 0.35)
    across, down = round(width * share), round(height * share)
    bands = ((0, 0, across, height), (width - across, 0, width, height), (0, 0, width, down),
             (0, height - down, width, height))  # fmt: skip
    covered = picture.copy()
    colour = tuple(torch.randint(0, 256, (3,)).tolist())
    covered.paste(colour, bands[_choice(4)])
    return covered


KINDS: tuple[Callable[[Image.Image], Image.Image], ...] = (
    few_pixels, few_pixels, blurred, compressed, dark, tinted, watermarked, hidden,
)  # fmt: skip
"""Few pixels twice: there the shipped network was surely wrong."""


def _picture(shares: np.ndarray[Any, Any]) -> Image.Image:
    """Of shares of full light, (height, width, 3)."""
    return Image.fromarray((shares.clip(0, 1) * 255).astype(np.uint8))


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def _choice(count: int) -> int:
    return int(torch.randint(count, ()))
