"""Labelled photos as others keep them (folders, file names, Stanford's devkit, any table) into manifest rows.

Nothing is guessed in silence and nothing is changed at the source: what cannot be read is listed with its reason.
Photos are not opened here; training reports those that turn out broken.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from classifier.formats import EXTENSIONS
from classifier.names import name_key
from classifier.preprocess import Box
from classifier.training.data.manifest import COLUMNS, ROW_KINDS, ROW_SPLITS, ManifestError, ManifestRow

Format = Literal["folders", "filenames", "stanford", "csv"]
SPLIT_FOLDERS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Folders' names, in lower case, and the side that each means."""
Spell = Callable[[str, str], str]
"""(make, model) → the model as it should be spelled."""
PATTERNS = {
    # Acura_ILX_2013_28_16_110_15_4_70_55_179_39_FWD_5_4_4dr_aWg.jpg: price, power, size …, and three letters that tell
    # the photos apart. Cars alike in all of that may be one car, so they are taken for one.
    "make_model_year": r"(?P<vehicle>(?P<make>[^_]+)_(?P<model>.+?)_(?P<year>(?:19|20)\d\d)(?:_.*)?)_[^_]*",
    "make_model": r"(?P<make>[^_]+)_(?P<model>[^_]+)_.*",
    "make": r"(?P<make>[^_\d]+?)[_ ]?\d.*",
}
"""Named patterns for file names (without ending), matched whole; any regular expression with a group `make` will do."""
COMPOUND_MAKES = (
    "AM General", "Alfa Romeo", "Aston Martin", "De Tomaso", "Great Wall", "Land Rover", "Mercedes-Benz", "Rolls-Royce",
)  # fmt: skip
"""Makes of two words, which no separator tells from make and model."""
YEAR = re.compile(r"(.+)[-_ ]((?:19|20)\d\d)")


@dataclass(frozen=True)
class Unread:
    """One file (or folder, or line of a table) that gave no row."""

    file: str
    reason: str


@dataclass
class Imported:
    """What an import found."""

    rows: list[ManifestRow] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    boxes: dict[Path, Box] = field(default_factory=dict)
    """The car's box (x1, y1, x2, y2) in pixels, where the source names one."""


def import_dataset(
    *,
    format: Format,
    path: Path,
    pattern: str = "",
    vehicle_pattern: str = "",
    columns: Mapping[str, str] | None = None,
    makes: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
    spell: Spell = lambda make, model: model,
) -> Imported:
    """Read a data set. Raises ManifestError if there is none, an option is wrong, or not one photo could be read.

    pattern (filenames): a name of PATTERNS or a regular expression with groups make and, if it likes, model, year,
    vehicle. vehicle_pattern (folders): a regular expression searched in the file name; its group is the vehicle's id,
    so r"^(\\d+)_" makes 851_1_x.jpg vehicle 851. Without it every photo counts as a car of its own. columns (csv): our
    column name → the table's. makes: known makes as they should be spelled; names are cleaned with them. aliases: other
    names of these ("VW" → "Volkswagen"). spell: how models are spelled; Stanford's stay as they are.
    """
    path = Path(path)
    if format not in get_args(Format):
        raise ManifestError(f"format {format!r} is none of {', '.join(get_args(Format))}")
    if format == "csv" and not path.is_file():
        raise ManifestError(f"{path}: no such file")
    if format != "csv" and not path.is_dir():
        raise ManifestError(f"{path}: no such folder")
    known = _Makes(makes, aliases or {})
    if format == "folders":
        found = _folders(path, known, _compiled(vehicle_pattern) if vehicle_pattern else None)
    elif format == "filenames":
        found = _filenames(
            path, known, _compiled(PATTERNS.get(pattern, pattern) or PATTERNS["make_model_year"], "make")
        )
    elif format == "stanford":
        found = _stanford(path, known)
    else:
        found = _table(path, known, columns or {})
    if format != "stanford":
        found.rows = [replace(row, model=spell(row.make, row.model)) if row.model else row for row in found.rows]
    _one_side_per_vehicle(found)
    if not found.rows:
        why = f": {found.unread[0].file}: {found.unread[0].reason}" if found.unread else ""
        raise ManifestError(f"{path}: not one labelled photo in it{why}")
    return found


class _Makes:
    """Splits and spells labels with the help of known makes."""

    def __init__(self, makes: Sequence[str], aliases: Mapping[str, str]) -> None:
        self._spelled = {name_key(make): make for make in COMPOUND_MAKES}
        self._spelled |= {name_key(alias): make for alias, make in aliases.items()}
        self._spelled |= {name_key(make): make for make in makes}

    def split(self, label: str) -> tuple[str, str]:
        """ "mercedes-benz_v" → Mercedes-Benz, v; "abarth-124_spider" → abarth, "124 spider"; "ford_b-max" → ford,
        b-max; "audi" → audi, ""."""
        for word in reversed(list(re.finditer(r"[^-_\s]+", label))):
            spelled = self._spelled.get(name_key(label[: word.end()]))
            if spelled:
                return spelled, " ".join(label[word.end() :].replace("_", " ").strip(" -").split())
        make, _, model = re.sub(r"[-_\s]", " ", label, count=1).partition(" ")  # ford_b-max: the first one separates
        return make, model.replace("_", " ").strip()

    def clean(self, make: str, model: str) -> tuple[str, str]:
        """Spell the make as it is known; "OpelCorsa" → Opel, Corsa, but never "Minivan" → Mini, van."""
        make, model = make.replace("_", " ").strip(), model.replace("_", " ").strip()
        if name_key(make) in self._spelled:
            return self._spelled[name_key(make)], model
        for end in range(len(make) - 1, 1, -1):
            spelled = self._spelled.get(name_key(make[:end]))
            if spelled and not (make[end].islower() or make[end - 1].isupper()):
                return spelled, f"{make[end:].strip(' -')} {model}".strip()
        return make, model


def _folders(root: Path, makes: _Makes, vehicle_pattern: re.Pattern[str] | None) -> Imported:
    found = Imported()
    sides = _sides(root)
    if sides[0][0] != root:
        found.unread += _beside_sides(root)
    for place, side in sides:
        for folder in sorted(p for p in place.iterdir() if p.is_dir()):
            make, model, year = _folder_label(folder.name, makes)
            photos = list(_photos(folder, root, found))
            if not photos:
                found.unread.append(Unread(str(folder.relative_to(root)), "a class without photos"))
            for photo in photos:
                vehicle = vehicle_pattern.search(photo.name) if vehicle_pattern else None
                if vehicle_pattern and vehicle is None:
                    found.unread.append(Unread(str(photo.relative_to(root)), "the vehicle pattern does not fit"))
                    continue
                found.rows.append(
                    _row(
                        root,
                        photo,
                        make,
                        model,
                        year,
                        vehicle=_group(vehicle, "vehicle") if vehicle else "",
                        split=side,
                    )
                )
    return found


def _sides(root: Path) -> list[tuple[Path, str]]:
    sides = [
        (p, SPLIT_FOLDERS[p.name.lower()]) for p in root.iterdir() if p.is_dir() and p.name.lower() in SPLIT_FOLDERS
    ]
    order = list(SPLIT_FOLDERS.values())
    return sorted(sides, key=lambda side: (order.index(side[1]), side[0])) or [(root, "")]


def _beside_sides(root: Path) -> Iterator[Unread]:
    """What lies beside train, val and test, and so is on no side."""
    for one in sorted(root.iterdir()):
        if not one.name.startswith(".") and not (one.is_dir() and one.name.lower() in SPLIT_FOLDERS):
            yield Unread(one.name, "lies beside the folders of the split")


def _folder_label(name: str, makes: _Makes) -> tuple[str, str, str]:
    dated = YEAR.fullmatch(name)
    if dated:
        make, model = makes.split(dated[1])
        if model:  # else the number is the model: peugeot-2008
            return make, model, dated[2]
    return (*makes.split(name), "")


def _filenames(root: Path, makes: _Makes, pattern: re.Pattern[str]) -> Imported:
    found = Imported()
    for photo in _photos(root, root, found):
        label = pattern.fullmatch(photo.stem)
        make, model = makes.clean(_group(label, "make"), _group(label, "model")) if label else ("", "")
        if label is None or not make:
            found.unread.append(Unread(str(photo.relative_to(root)), "the pattern does not fit"))
            continue
        found.rows.append(_row(root, photo, make, model, _group(label, "year"), vehicle=_group(label, "vehicle")))
    return found


def _stanford(root: Path, makes: _Makes) -> Imported:
    """The original devkit beside `cars_train/` (and `cars_test/`, if its labels are there)."""
    kit = next(
        (p for p in (root, root / "devkit", root / "car_devkit" / "devkit") if (p / "cars_meta.mat").is_file()), None
    )
    if kit is None:
        raise ManifestError(f"{root}: no cars_meta.mat in it, nor in devkit/")
    classes = [_text(name) for name in _mat(kit / "cars_meta.mat", "class_names").ravel()]
    found = Imported()
    for side, table in (("train", "cars_train_annos.mat"), ("test", "cars_test_annos_withlabels.mat")):
        if side == "train" or (kit / table).is_file():
            _stanford_part(root, kit / table, classes, makes, found, split="" if side == "train" else side)
    return found


def _stanford_part(  # noqa: PLR0917  one call above
    root: Path, table: Path, classes: list[str], makes: _Makes, found: Imported, split: str
) -> None:
    folder = root / table.name.replace("_annos", "").replace("_withlabels", "").removesuffix(".mat")
    for one in _mat(table, "annotations").ravel():
        photo, index = folder / _text(one["fname"]), int(one["class"].item())
        name = str(photo.relative_to(root))
        if not photo.is_file():
            found.unread.append(Unread(name, "no such photo"))
            continue
        if not 1 <= index <= len(classes):
            found.unread.append(Unread(name, f"class {index} is not in cars_meta.mat"))
            continue
        make, model, year = _stanford_label(classes[index - 1], makes)
        found.rows.append(_row(root, photo, make, model, year, kind="exterior", split=split))
        x1, y1, x2, y2 = (int(one[f"bbox_{edge}"].item()) for edge in ("x1", "y1", "x2", "y2"))
        found.boxes[photo] = (x1 - 1, y1 - 1, x2, y2)  # MATLAB counts pixels from 1 and includes the last


def _stanford_label(name: str, makes: _Makes) -> tuple[str, str, str]:
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


def _table(path: Path, makes: _Makes, columns: Mapping[str, str]) -> Imported:
    for ours in columns:
        if ours not in COLUMNS:
            raise ManifestError(f"column {ours!r} is none of {', '.join(COLUMNS)}")
    theirs = {name: columns.get(name, name) for name in COLUMNS}
    found = Imported()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t", key=head.count))
            for ours in ("file", "make", *columns):
                if theirs[ours] not in (reader.fieldnames or ()):
                    raise ManifestError(f"{path}: column {theirs[ours]!r} is missing")
            for number, cells in enumerate(reader, start=2):
                value = {ours: (cells.get(name) or "").strip() for ours, name in theirs.items()}
                problem = _table_problem(path, value)
                if problem:
                    found.unread.append(Unread(f"row {number} ({value['file'] or 'no file'})", problem))
                    continue
                make, model = makes.clean(value.pop("make"), value.pop("model"))
                value["year"] = value["year"].removesuffix(".0")  # as pandas writes a column with gaps
                photo = path.parent / value.pop("file")
                found.rows.append(_row(path.parent, photo, make, model, value.pop("year"), **value))
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path}: is not a table in UTF-8 ({error})") from error
    return found


def _table_problem(path: Path, value: Mapping[str, str]) -> str:
    checks: dict[str, Callable[[], bool]] = {
        "no such photo": lambda: bool(value["file"]) and (path.parent / value["file"]).is_file(),
        "a model but no make": lambda: bool(value["make"]) or not value["model"],
        f"kind {value['kind']!r} is none of {', '.join(ROW_KINDS[1:])}": lambda: value["kind"] in ROW_KINDS,
        f"split {value['split']!r} is none of {', '.join(ROW_SPLITS[1:])}": lambda: value["split"] in ROW_SPLITS,
    }
    return next((problem for problem, holds in checks.items() if not holds()), "")


def _photos(folder: Path, root: Path, found: Imported) -> Iterator[Path]:
    """Photos below a folder, sorted; other files are reported, hidden ones passed over."""
    for file in sorted(folder.rglob("*")):
        if file.name.startswith(".") or not file.is_file():
            continue
        if file.suffix.lower() not in EXTENSIONS:
            found.unread.append(Unread(str(file.relative_to(root)), "not a photo by its ending"))
        elif not file.stat().st_size:
            found.unread.append(Unread(str(file.relative_to(root)), "empty"))
        else:
            yield file


def _row(
    root: Path, photo: Path, make: str, model: str, year: str, *, vehicle: str = "", **more: str
) -> ManifestRow:  # fmt: skip
    # A table may name photos anywhere on this machine.
    source, file = root.resolve().name, str(photo.relative_to(root) if photo.is_relative_to(root) else photo)
    return ManifestRow(
        path=photo,
        file=file,
        make=make,
        model=model,
        year=year,
        vehicle=f"{source}/{vehicle or file}",
        source=source,
        **more,
    )


def _one_side_per_vehicle(found: Imported) -> None:
    """A car on two sides would be learned and asked: its photos stay on the first side it is met on."""
    sides: dict[str, str] = {}
    kept = []
    for row in found.rows:
        side = sides.setdefault(row.vehicle, row.split)
        if side == row.split:
            kept.append(row)
        else:
            reason = f"its car is in {side or 'no split'}, the photo in {row.split or 'no split'}"
            found.unread.append(Unread(row.file, reason))
    found.rows = kept


def _compiled(pattern: str, *groups: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ManifestError(f"pattern {pattern!r} is no regular expression ({error})") from error
    for group in groups:
        if group not in compiled.groupindex:
            names = ", ".join(PATTERNS)
            raise ManifestError(f"pattern {pattern!r} has no group (?P<{group}>…), nor is it one of {names}")
    return compiled


def _group(match: re.Match[str], name: str) -> str:
    """The named group; for a vehicle pattern without names its first group, or all of the match."""
    if name in match.re.groupindex:
        return match[name] or ""
    if match.re.groupindex:
        return ""
    return match[1] if match.re.groups else match[0]
