"""Labels in the formats that other people's tools read; `import_dataset` reads each of them back.

Photos are named relative to the file that names them, and stay where they are; only class folders
get copies.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from classifier.durable import text_beside
from classifier.training.data.manifest import COLUMNS, ManifestRow, manifest_write
from marketplace.photos.models import Photo, Prediction
from marketplace.refusals import Refused
from marketplace.training.labels.decisions import FILES_AT_ONCE, photo_file

LabelFormat = Literal["manifest", "jsonl", "coco", "folders"]
FORMATS: tuple[LabelFormat, ...] = get_args(LabelFormat)
FILE_NAMES: Mapping[LabelFormat, str] = {
    "manifest": "manifest.csv", "jsonl": "labels.jsonl", "coco": "labels.coco.json", "folders": "cars",
}  # fmt: skip
Facts = dict[str, tuple[int, int, list[int] | None]]
"""By a photo's file name: width, height, and the car's box in pixels where one was found."""
Writer = Callable[[Path, Sequence[ManifestRow]], int]


class ExportRefused(Refused):
    """Labels cannot be exported; the message is one clear line for the operator."""


def labels_write(*, path: Path, rows: Sequence[ManifestRow], format: LabelFormat) -> int:
    """Write the rows at `path`; returns how many.

    Raises ExportRefused, ManifestError or OSError.
    """
    return WRITERS[format](path, rows)


def _manifest(path: Path, rows: Sequence[ManifestRow]) -> int:
    return manifest_write(path, rows)


def _json_lines(path: Path, rows: Sequence[ManifestRow]) -> int:
    facts = _photo_facts(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with text_beside(path) as file:
        for row in rows:
            line: dict[str, Any] = {"file": _relative(row, path.parent)}
            line |= {name: getattr(row, name) for name in COLUMNS[1:]}
            if row.path.name in facts:
                width, height, box = facts[row.path.name]
                line |= {"image_size": [width, height], "box": box}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return len(rows)


def _coco(path: Path, rows: Sequence[ManifestRow]) -> int:
    """A photo whose car has no box gets the whole picture as one: a label without a box is lost."""
    facts = _photo_facts(rows)
    cars = sorted({(row.make, row.model, row.year) for row in rows if row.make})
    categories = {car: number for number, car in enumerate(cars, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, row in enumerate(rows, 1):
        width, height, box = facts.get(row.path.name, (0, 0, None))
        images.append({
            "id": number, "file_name": _relative(row, path.parent), "width": width, "height": height,
            "vehicle": row.vehicle,
        })  # fmt: skip
        if row.make:
            x1, y1, x2, y2 = box or [0, 0, width, height]
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "iscrowd": 0,
                "category_id": categories[row.make, row.model, row.year],
                "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
            })  # fmt: skip
    document = {
        "images": images, "annotations": annotations,
        "categories": [
            {
                "id": number, "name": " ".join(filter(None, car)), "supercategory": car[0],
                "make": car[0], "model": car[1], "year": car[2],
            }
            for car, number in categories.items()
        ],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with text_beside(path) as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
    return len(rows)


def _folders(path: Path, rows: Sequence[ManifestRow]) -> int:
    """make/model/car_photo.jpg, as copies. Photos without a car have no class, and no place."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExportRefused(f"{path} is there already: name a new folder.")
    cars = [row for row in rows if row.make and row.model]
    for row in cars:
        folder = path / _folder_name(row.make) / _folder_name(row.model)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.path, folder / f"{_folder_name(row.vehicle)}_{row.path.name}")
    return len(cars)


def _folder_name(name: str) -> str:
    """The name without what a path means something by: "Citroën C3/C4" is "Citroën C3-C4"."""
    plain = "".join("-" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name)
    return plain.lstrip(".").strip() or "-"


def _relative(row: ManifestRow, folder: Path) -> str:
    return os.path.relpath(row.path.absolute(), folder.absolute())


def _photo_facts(rows: Iterable[ManifestRow]) -> Facts:
    """Of the site's own photos; the box is that of the newest answer that has one."""
    names = [photo_file(row) for row in rows]
    facts: Facts = {}
    for start in range(0, len(names), FILES_AT_ONCE):
        photos = Photo.objects.filter(file__in=names[start : start + FILES_AT_ONCE])
        newest = Prediction.objects.filter(photo__in=photos, box__isnull=False).order_by("pk")
        boxes = dict(newest.values_list("photo_id", "box"))
        facts |= {Path(str(photo.file.name)).name: (photo.width, photo.height, boxes.get(photo.pk)) for photo in photos}
    return facts


WRITERS: Mapping[LabelFormat, Writer] = {
    "manifest": _manifest, "jsonl": _json_lines, "coco": _coco, "folders": _folders,
}  # fmt: skip
