"""Pictures that a perceptual hash can tell apart, and rows about them."""

from pathlib import Path

import numpy as np
from PIL import Image

from classifier.training.data.manifest import ManifestRow


def picture(seed: int, *, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Soft blots of colour, others for every seed."""
    blots = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize(size, Image.Resampling.BICUBIC)


def picture_row(
    path: Path, image: Image.Image, *, split: str = "train", quality: int = 90, **given: str
) -> ManifestRow:
    """Writes the picture as a JPEG; a car of its own unless `vehicle` says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG", quality=quality)
    labels = {"make": "Audi", "model": "A4", "vehicle": f"lot/{path.stem}", "source": "lot", **given}
    return ManifestRow(path=path, file=path.name, split=split, **labels)
