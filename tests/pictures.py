"""Pictures made here, so that tests need no photo from elsewhere."""

import io
import random
from typing import Any

from PIL import Image, ImageDraw


def car_like(width: int = 640, height: int = 480) -> Image.Image:
    """Dark at the top left, bright at the bottom right, with edges: it shows which way is up."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 4, height // 4), fill="blue")
    draw.ellipse((width // 2, height // 2, width * 3 // 4, height * 3 // 4), fill="red")
    return picture


def blobs(seed: int, width: int = 640, height: int = 480) -> Image.Image:
    """A picture like no other: soft blobs of chance. Every seed has its own."""
    chance = random.Random(seed)
    small = Image.frombytes("L", (40, 30), chance.randbytes(1200))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")


def encode(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file's bytes, written by Pillow with these options."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(colour: str = "gray", *, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG of one colour; size: (width, height) in pixels."""
    return encode(Image.new("RGB", size, colour))
