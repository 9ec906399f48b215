"""Stanford Cars: the original devkit beside `cars_train/` and `cars_test/`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from classifier.training.data.importers.makes import COMPOUND_MAKES, KnownMakes, Label
from classifier.training.data.importers.reading import Reading, row_of
from classifier.training.data.importers.tree import tree_read
from classifier.training.data.manifest import ManifestError

TABLES = {"cars_train": "cars_train_annos.mat", "cars_test": "cars_test_annos_withlabels.mat"}
"""Folder of photos → the table of its labels; the second one is often missing."""


def stanford_read(root: Path, makes: KnownMakes) -> Reading:
    """Raises ManifestError where the devkit is missing or damaged."""
    kit = next(
        (p for p in (root, root / "devkit", root / "car_devkit" / "devkit") if (p / "cars_meta.mat").is_file()), None
    )
    if kit is None:
        raise ManifestError(f"{root}: no cars_meta.mat in it, nor in devkit/")
    classes = [_text(name) for name in _mat(kit / "cars_meta.mat", "class_names").ravel()]
    found = Reading()
    for folder, table in TABLES.items():
        if folder == "cars_train" or (kit / table).is_file():
            _table_read(root, kit / table, root / folder, [(name, _label(name, makes)) for name in classes], found)
    _leave_unnamed(root, kit, found)
    return found


def _table_read(
    root: Path, table: Path, folder: Path, classes: Sequence[tuple[str, Label]], found: Reading
) -> None:  # fmt: skip
    split = "" if folder.name == "cars_train" else "test"
    for one in _mat(table, "annotations").ravel():
        photo, index = folder / _text(one["fname"]), int(one["class"].item())
        if not photo.is_file():
            found.leave(photo.relative_to(root), "no such photo")
            continue
        if not 1 <= index <= len(classes):
            found.leave(photo.relative_to(root), f"class {index} is not in cars_meta.mat")
            continue
        said, label = classes[index - 1]
        found.take(row_of(root, photo, label, kind="exterior", split=split), said=said)
        x1, y1, x2, y2 = (int(one[f"bbox_{edge}"].item()) for edge in ("x1", "y1", "x2", "y2"))
        found.boxes[photo] = (x1 - 1, y1 - 1, x2, y2)  # MATLAB counts pixels from 1 and includes the last


def _leave_unnamed(root: Path, kit: Path, found: Reading) -> None:
    """Photos that no table names, above all those whose labels were never published."""
    named = {row.path for row in found.rows} | {root / one.file for one in found.unread}
    tree = tree_read(root)
    found.notes += tree.notes
    for photo in tree.photos:
        if photo in named:
            continue
        table = TABLES.get(photo.relative_to(root).parts[0], "")
        if table and not (kit / table).is_file():
            found.leave(photo.relative_to(root), f"its label would be in {table}, which is not there")
        else:
            found.leave(photo.relative_to(root), f"named by no row of {table}" if table else "lies in neither folder")


def _label(name: str, makes: KnownMakes) -> Label:
    car, _, year = name.rpartition(" ")
    compound = next((make for make in COMPOUND_MAKES if car.startswith(f"{make} ")), "")
    make = compound or car.partition(" ")[0]
    return makes.clean(make, "")[0], car[len(make) :].strip(), year


def _mat(path: Path, name: str) -> Any:
    try:
        return loadmat(path)[name]
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (MatReadError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise ManifestError(f"{path}: is not the devkit's file ({error})") from error


def _text(cell: Any) -> str:
    return str(cell.item())
