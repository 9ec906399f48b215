"""How often the hints about a photo's quality complain, on real photos and on the same ones spoilt.

Prints the share of the photos that each hint complains of (its false alarms, if the photos are
good), and of the same photos darkened and blurred (what it finds). Hints about the car need to know
where it is: what `manage.py classify PHOTO… --json` printed. Needs no database.

    python scripts/measure_photo_hints.py FOLDER [--most 400] [--recognised classify.json]
"""

import argparse
import io
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
import django

django.setup()

from classifier.folder import photos_in
from classifier.formats import kind_of
from marketplace.photos.decoder import RefusedError, blur, brightness, decode
from marketplace.photos.quality import Measured, hints

SPOILT: dict[str, Callable[[Image.Image], Image.Image]] = {
    "darkened to 30 %": lambda grey: grey.point(lambda level: int(level * 0.3)),
    "blurred by 1 px in 200": lambda grey: grey.filter(ImageFilter.GaussianBlur(max(grey.size) / 200)),
    "blurred by 1 px in 100": lambda grey: grey.filter(ImageFilter.GaussianBlur(max(grey.size) / 100)),
}


def measured(path: Path, recognised: dict[str, dict[str, object]]) -> tuple[Measured, dict[str, Measured]] | None:
    """A photo as it is, and as it is spoilt; None if it cannot be read."""
    data = path.read_bytes()
    try:
        facts, _, card = decode(data, kind=str(kind_of(data)), max_pixels=100_000_000)
    except RefusedError:
        return None
    said = recognised.get(str(path), {})
    size: list[int] = said.get("image_size") or [facts["width"], facts["height"]]  # type: ignore[assignment]
    box: list[int] | None = said.get("box")  # type: ignore[assignment]
    car = {
        "kind": str(said.get("kind", "")) if said.get("status") == "ok" else "",
        "box": (box[0], box[1], box[2], box[3]) if box else None,
        "view": (said.get("view") or {}).get("name", ""),  # type: ignore[attr-defined]  # a document's
    }
    grey = Image.open(io.BytesIO(card)).convert("L")
    spoilt = {
        name: Measured(1000, 1000, brightness(change(grey)), blur(change(grey))) for name, change in SPOILT.items()
    }
    return Measured(size[0], size[1], facts["brightness"], facts["blur"], **car), spoilt  # type: ignore[arg-type]


def main() -> None:
    """Print one line per hint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=400, help="photos, drawn by chance")
    parser.add_argument("--recognised", type=Path, help="a file with what classify --json printed")
    parser.add_argument("--list", metavar="HINT", help="name the photos of which this hint complains")
    asked = parser.parse_args()
    known = json.loads(asked.recognised.read_text())["photos"] if asked.recognised else []
    recognised = {row["file"]: row for row in known}
    paths = [Path(name) for name in recognised] if known else sorted(photos_in(asked.folder))
    paths = [path for path in paths if path.is_relative_to(asked.folder)]
    random.Random(1).shuffle(paths)  # noqa: S311  # the same sample every time
    counts: dict[str, dict[str, int]] = {}
    photos = cars = 0
    for path in paths[: asked.most]:
        got = measured(path, recognised)
        if got is None:
            continue
        photos += 1
        cars += got[0].box is not None and got[0].kind == "exterior"
        for name, one in {"as they are": got[0], **got[1]}.items():
            for hint in hints(one):
                counts.setdefault(hint.code, {}).setdefault(name, 0)
                counts[hint.code][name] += 1
                if name == "as they are" and hint.code == asked.list:
                    print(path, hint.words)
    print(f"{photos} photos, {cars} of them of a whole car whose place is known")
    for code, found in sorted(counts.items()):
        for name, count in found.items():
            of = cars if code == "cut_off" else photos
            print(f"{code:8} {name:24} {count:5} of {of} ({count / of:.1%})")


if __name__ == "__main__":
    main()
