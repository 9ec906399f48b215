"""COCO: one JSON file with images, boxes and categories."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.names import name_key
from classifier.preprocess import Box
from classifier.training.data.file_names import NamedFiles, is_file
from classifier.training.data.importers.makes import KnownMakes, Label
from classifier.training.data.importers.reading import Reading, row_of
from classifier.training.data.manifest import ManifestError

NO_CAR = "other"
"""The photo kind of an image without a box."""


def coco_read(path: Path, makes: KnownMakes) -> Reading:
    """Read a COCO file; the largest box of a photo is its car. Raises ManifestError.

    A category has make, model and year, as export_labels writes them; or it is named "make model",
    and its supercategory, if that is a known make, settles where the make ends. A photo without a
    box shows no car.
    """
    document = _document(path)
    labels = {_id(one): (_text(one, "name"), _label(one, makes)) for one in document["categories"]}
    boxes: dict[Any, list[tuple[Box, Any]]] = defaultdict(list)
    found, files = Reading(), NamedFiles(path.parent)
    for one in document["annotations"]:
        box = _box(one.get("bbox"))
        if box is None:
            found.leave(f"annotation {one.get('id', '')}", "has no box of four numbers")
        else:
            boxes[one.get("image_id")].append((box, one.get("category_id")))
    for image in document["images"]:
        name = _text(image, "file_name")
        photo, cars = files.find(name), boxes.get(_id(image), [])
        if not name or not is_file(photo):
            found.leave(name or f"image {_id(image)}", "no such photo")
            continue
        if not cars:
            found.take(row_of(path.parent, photo, ("", "", ""), kind=NO_CAR), said="")
            continue
        box, category = max(cars, key=lambda car: _area(car[0]))
        if category not in labels:
            found.leave(name, f"category {category} is not among the categories")
            continue
        said, label = labels[category]
        found.take(row_of(path.parent, photo, label, vehicle=_text(image, "vehicle")), said=said)
        found.boxes[photo] = box
    return found


def _document(path: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: is no JSON ({error})") from error
    for part in ("images", "annotations", "categories"):
        some = document.get(part) if isinstance(document, dict) else None
        if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
            raise ManifestError(f"{path}: is no COCO file: it has no list of {part}")
    return document  # type: ignore[no-any-return]  # checked above


def _label(category: Mapping[str, Any], makes: KnownMakes) -> Label:
    if make := _text(category, "make"):
        return (*makes.clean(make, _text(category, "model")), _text(category, "year"))
    name, above = _text(category, "name"), _text(category, "supercategory")
    if makes.knows(above):
        return makes.label_below(above, name) if name_key(name) != name_key(above) else (makes.spelled(above), "", "")
    return makes.label(name)


def _box(value: Any) -> Box | None:
    """COCO's x, y, width, height as x1, y1, x2, y2."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one) for one in value):
        return None
    x, y, width, height = (round(one) for one in value)
    return x, y, x + width, y + height


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _id(one: Mapping[str, Any]) -> Any:
    value = one.get("id")
    return value if isinstance(value, (int, str)) else None


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return str(value).strip() if isinstance(value, (str, int)) else ""
