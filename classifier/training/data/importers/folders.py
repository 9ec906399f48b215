"""Class folders: the label is the folders' names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from classifier.training.data.importers.makes import KnownMakes, Label, years_of
from classifier.training.data.importers.patterns import group
from classifier.training.data.importers.reading import Reading, label_text, row_of
from classifier.training.data.importers.tree import Tree, tree_read
from classifier.training.data.manifest import ManifestError
from classifier.training.data.stages import counted

SPLIT_FOLDERS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
"""Folders' names, in lower case, and the split that each means."""
LAYOUTS = {
    "class": ("make model year",),
    "class/year": ("make model", "year"),
    "make/model": ("make", "model"),
    "make/model/year": ("make", "model", "year"),
}
"""How folders may lie in each other, and what each of them says."""
_NUMBERED_TOPS = {"image", "images", "part"}
"""CompCars keeps its numbered folders in these."""

Folders = tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A photo in a class folder."""

    photo: Path
    split: str
    folders: Folders
    """Those that may say the label, outermost first."""


def folders_read(root: Path, makes: KnownMakes, layout: str, vehicle_pattern: re.Pattern[str] | None) -> Reading:
    """Read class folders. Raises ManifestError for a layout that only a person can tell.

    layout: one of LAYOUTS; "" finds out. vehicle_pattern: searched in the file's name.
    """
    tree, found = tree_read(root), Reading()
    found.notes += tree.notes
    placed = _placed(root, tree, found)
    if not placed:
        return found
    layout = layout_of({one.folders for one in placed}, makes, layout, where=root)
    if layout != "class":
        labels = {one.folders: _label(one.folders, layout, makes) for one in placed}
        first = placed[0].folders
        found.notes.append(f"folders read as {layout}: {'/'.join(first)} is {label_text(*labels[first]) or 'nothing'}")
    _note_what_says_nothing(placed, layout, found)
    for one in placed:
        label = _label(one.folders, layout, makes)
        vehicle = vehicle_pattern.search(one.photo.name) if vehicle_pattern else None
        name = one.photo.relative_to(root)
        if label[0].isdigit():
            found.leave(name, "a number is no make")
        elif vehicle_pattern and vehicle is None:
            found.leave(name, "the vehicle pattern does not fit")
        else:
            car = group(vehicle, "vehicle") if vehicle else ""
            said = " ".join(one.folders[: len(LAYOUTS[layout])])
            found.take(row_of(root, one.photo, label, vehicle=car, split=one.split), said=said)
    return found


def layout_of(paths: Collection[Folders], makes: KnownMakes, asked: str, *, where: Path) -> str:
    """Which of LAYOUTS the folders follow. Raises ManifestError if that is not clear.

    paths: each photo's folders. asked: what the operator says; "" = find out.
    """
    if asked and asked not in LAYOUTS:
        raise ManifestError(f"pattern {asked!r} is none of {', '.join(LAYOUTS)}, as folders may lie in each other")
    _refuse_numbers(paths, where)
    _refuse_deep_splits(paths, where)
    deep = sorted(path for path in paths if len(path) > 1)
    if asked or not deep:
        return asked or "class"
    labels = [makes.label(path[0]) for path in deep]
    if all(not model for _, model, _ in labels) and any(makes.knows(path[0]) for path in deep):
        third = [path[2] for path in deep if len(path) > 2]
        if third and all(map(years_of, third)):
            return "make/model/year"
        if not all(years_of(path[1]) for path in deep):
            return "make/model"
    elif all(model and makes.knows(make) for make, model, _ in labels):
        return "class/year" if all(years_of(path[1]) for path in deep) else "class"
    raise ManifestError(
        f"{where}: its folders lie in folders ({'/'.join(deep[0])}), and it is not clear what they say: "
        f"name it by a pattern, one of {', '.join(LAYOUTS)}"
    )


def _label(folders: Folders, layout: str, makes: KnownMakes) -> Label:
    if layout == "class" or len(folders) == 1:
        return makes.label(folders[0])
    if layout == "class/year":
        make, model, year = makes.label(folders[0])
        return make, model, years_of(folders[1]) or year
    make, model, year = makes.label_below(folders[0], folders[1])
    if layout == "make/model/year" and len(folders) > 2:
        year = years_of(folders[2]) or year
    return make, model, year


def _placed(root: Path, tree: Tree, found: Reading) -> list[_Found]:
    """The photos that lie in class folders; all else is reported."""
    tops = {path.parts[0] for path in tree.folders}
    splits = {top: SPLIT_FOLDERS[top.lower()] for top in tops if top.lower() in SPLIT_FOLDERS}
    order = list(SPLIT_FOLDERS.values())
    beside: set[str] = set()
    placed = []
    for photo in tree.photos:
        name = photo.relative_to(root)
        above, split = _split_of_path(name.parent, splits)
        if splits and not split:
            beside.add(name.parts[0])
        elif not above:
            found.leave(name, "lies in no class folder")
        else:
            placed.append(_Found(photo, split, above))
    for other in tree.others:
        outermost = Path(other.file).parts[0]
        if splits and outermost not in splits:
            beside.add(outermost)
        else:
            found.unread.append(other)
    for left in sorted(beside | (tops - set(splits) if splits else set())):
        found.leave(left, "lies beside the folders of the split")
    with_photos = {parent for photo in tree.photos for parent in photo.relative_to(root).parents}
    for folder in _topmost(folder for folder in tree.folders if folder not in with_photos):
        if not splits or folder.parts[0] in splits:
            found.leave(folder, "a class without photos" if str(folder) not in splits else "a split without photos")
    return sorted(placed, key=lambda one: (order.index(one.split) if one.split else 0, one.photo))


def _split_of_path(folder: Path, splits: dict[str, str]) -> tuple[Folders, str]:
    """The folders that say the label, and the split."""
    parts = folder.parts
    return (parts[1:], splits[parts[0]]) if parts and parts[0] in splits else (parts, "")


def _topmost(folders: Iterable[Path]) -> list[Path]:
    """Without those that lie in another one of them."""
    wanted = set(folders)
    return sorted(folder for folder in wanted if not wanted & set(folder.parents))


def _note_what_says_nothing(placed: Collection[_Found], layout: str, found: Reading) -> None:
    parts = LAYOUTS[layout]
    deeper = sorted({one.folders for one in placed if len(one.folders) > len(parts)})
    if deeper:
        found.notes.append(
            f"no part of any label: {counted(len(deeper), 'folder')} below {layout}, such as {'/'.join(deeper[0])}"
        )
    if parts[-1] != "year":
        return
    undated = sorted({one.folders for one in placed if len(one.folders) >= len(parts)})
    undated = [path for path in undated if not years_of(path[len(parts) - 1])]
    if undated:
        found.notes.append(f"without a year: {counted(len(undated), 'folder')}, such as {'/'.join(undated[0])}")


def _refuse_numbers(paths: Collection[Folders], where: Path) -> None:
    """Refuse folders named by ids, as CompCars has them: other files of that set hold the names."""
    shown = [path[1:] if path[0].lower() in _NUMBERED_TOPS else path for path in paths]
    numbered = [path for path in shown if path and path[0].isdigit()]
    in_each_other = any(len(path) > 1 and path[1].isdigit() for path in numbered)
    if in_each_other or (numbered and len(numbered) == len(shown)):
        raise ManifestError(
            f"{where}: its folders are numbers ({'/'.join(min(numbered))}), as in CompCars, and name no car: write a "
            "table of files and names and read it with the format csv"
        )


def _refuse_deep_splits(paths: Collection[Folders], where: Path) -> None:
    """A split that lies deeper would be taken for a class."""
    deep = sorted(path for path in paths if any(part.lower() in SPLIT_FOLDERS for part in path))
    if deep:
        at = next(n for n, part in enumerate(deep[0]) if part.lower() in SPLIT_FOLDERS)
        above = "/".join(deep[0][:at])
        raise ManifestError(
            f"{where}: the split lies in {above or 'itself'} ({'/'.join(deep[0][: at + 1])}): name the folder that "
            "holds train and test, or put these at the top"
        )
