"""Merge model-years and look-alike models by a table, and leave classes out by it.

A table is JSON, `{"merge_into": {"audi_a4": ["audi_s4"]}, "dropped": ["mini_one"]}`, or CSV with
the columns `from` and `to` (an empty `to` leaves the class out). A class is written `make_model` or
`make_model_year`; names are compared blind to case, accents, spaces and punctuation.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classifier.training.data.labels import Key, class_key
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.stages import LeftOut, Stage, counted
from classifier.training.data.tables import TableError, cell_label, table_read
from classifier.training.errors import TrainError

NAME = "merge"
Renamed = Callable[[str, str], tuple[str, str]]
"""(make, model) → (make, model)."""
JSON_KEYS = ("merge_into", "dropped")
CSV_COLUMNS = ("from", "to")
_CLASS = re.compile(r"([^_]+)_(.+?)(?:_((?:19|20)\d\d))?")


class MergeError(TrainError):
    """A merge table cannot be used; the message is one line that names the file and the entry."""


@dataclass(frozen=True)
class Label:
    """A class as a table names it."""

    make: str
    model: str
    year: str
    """ "" stands for every year."""
    text: str
    """As the table has it."""

    @property
    def key(self) -> Key:
        """What is compared."""
        return class_key(self.make, self.model, self.year)


@dataclass(frozen=True)
class MergeTable:
    """What becomes of classes."""

    into: Mapping[Key, Label | None]
    """What each class is called from now on; None: it is left out."""
    names: Mapping[Key, str]
    """Each class as the table has it."""


def merge_read(paths: Sequence[Path]) -> MergeTable:
    """Read tables and check them together. Raises MergeError.

    No class goes two ways, none comes back to itself.
    """
    into: dict[Key, Label | None] = {}
    names: dict[Key, str] = {}
    for path in paths:
        for one, target in _json(path) if path.suffix.lower() == ".json" else _csv(path):
            if one.key in into and _key(into[one.key]) != _key(target):
                ways = " and ".join(_way(way) for way in (into[one.key], target))
                raise MergeError(f"{path}: {one.text!r} {ways}: leave one of the two entries out")
            into[one.key], names[one.key] = target, one.text
    table = MergeTable(into, names)
    for key in into:
        _followed(key, table)
    return table


def merge_apply(rows: Sequence[ManifestRow], table: MergeTable) -> tuple[list[ManifestRow], Stage]:
    """The rows under their new names, and what was done. Raises MergeError.

    An entry without a year is for all years of the model, which are kept unless its target names
    one; an entry with a year goes first. Entries that match no photo are told in the stage's
    details.
    """
    kept: list[ManifestRow] = []
    left_out: list[LeftOut] = []
    ends: dict[Key, tuple[list[Key], Label | None]] = {}
    used: Counter[Key] = Counter()
    for row in rows:
        key = class_key(row.make, row.model, row.year)
        if key not in ends:
            ends[key] = _followed(key, table)
        entries, end = ends[key]
        used.update(entries)
        if not entries:
            kept.append(row)
        elif end is None:
            left_out.append(LeftOut(str(row.path), f"{table.names[entries[-1]]} is left out by the merge table"))
        else:
            kept.append(replace(row, make=end.make, model=end.model, year=end.year))
    merged = {key: end for key, (entries, end) in ends.items() if entries and end is not None}
    renamed = sum(class_key(row.make, row.model, row.year) in merged for row in rows)
    models, ends_in = {key[:2] for key in merged}, {end.key[:2] for end in merged.values()}
    went = f"{counted(renamed, 'photo')} of {counted(len(models), 'model')} go into {len(ends_in)}"
    words = f"{went if renamed else 'no photo renamed'}, {counted(len(left_out), 'photo')} left out"
    unused = [name for key, name in table.names.items() if key not in used]
    if unused:
        words += f"; {len(unused)} of {len(table.into)} entries match no photo"
    details = [f"{table.names[key]} {_way(table.into[key])}: {counted(used[key], 'photo')}" for key in sorted(used)]
    details += [f"match no photo: {', '.join(unused)}"] if unused else []
    return kept, Stage(NAME, len(rows), len(kept), words, tuple(left_out), tuple(details))


def as_it_is(make: str, model: str) -> tuple[str, str]:
    """The names of a run without a merge table."""
    return make, model


def merge_names(table: MergeTable) -> Renamed:
    """(make, model) → what both are called after the table, for whatever knows the finer names.

    Entries of single years are passed over: a model's name stands for all of them. What the table
    leaves out keeps its name.
    """

    def renamed(make: str, model: str) -> tuple[str, str]:
        _, end = _followed(class_key(make, model, ""), table)
        return (end.make, end.model) if end else (make, model)

    return renamed


def _followed(key: Key, table: MergeTable) -> tuple[list[Key], Label | None]:
    """The entries that a class goes through (a → b → c) and what it is called at the end.

    None: it is left out. Without any entry the label means nothing.
    """
    entries: list[Key] = []
    end: Label | None = None
    while True:
        entry = next((one for one in (key, (*key[:2], "")) if one in table.into), None)
        if entry is None:
            return entries, end
        if entry in entries:
            way = " → ".join(table.names[one] for one in [*entries, entry])
            raise MergeError(f"the merge table turns in a circle: {way}")
        entries.append(entry)
        target = table.into[entry]
        if target is None:
            return entries, None
        year = target.year or ("" if entry[2] else key[2])
        end = replace(target, year=year)
        key = end.key


def _json(path: Path) -> list[tuple[Label, Label | None]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MergeError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # of which those of JSON and of UTF-8 are kinds
        raise MergeError(f"{path}: is not JSON in UTF-8 ({error})") from error
    if not isinstance(content, dict) or not any(key in content for key in JSON_KEYS):
        raise MergeError(f'{path}: must be {{"merge_into": {{"make_model": ["make_model"]}}, "dropped": […]}}')
    for key in content:
        if key not in JSON_KEYS:
            raise MergeError(f"{path}: unknown key {key!r}; there are {' and '.join(JSON_KEYS)}")
    merges, dropped = content.get("merge_into", {}), content.get("dropped", [])
    if not isinstance(merges, dict):
        raise MergeError(f"{path}: merge_into must be an object of lists")
    found: list[tuple[Label, Label | None]] = []
    for target, names in merges.items():
        found += [(one, _label(path, target)) for one in _labels(path, names, of=f"merge_into {target!r}")]
    return found + [(one, None) for one in _labels(path, dropped, of="dropped")]


def _labels(path: Path, names: Any, *, of: str) -> list[Label]:
    if not isinstance(names, list):
        raise MergeError(f"{path}: {of} must be a list")
    return [_label(path, name) for name in names]


def _csv(path: Path) -> list[tuple[Label, Label | None]]:
    try:
        table = table_read(path, columns={name: name for name in CSV_COLUMNS}, required=CSV_COLUMNS)
    except OSError as error:
        raise MergeError(f"{path}: cannot be read ({error.strerror})") from error
    except TableError as error:
        raise MergeError(f"{path}: {error}") from error
    bad = next((row for row in table.rows if row.problem), None)
    if bad:
        raise MergeError(f"{path}: row {bad.number}: {bad.problem}")
    pairs = [(row.cells["from"], cell_label(row.cells["to"])) for row in table.rows]
    return [(_label(path, one), _label(path, to) if to else None) for one, to in pairs]


def _label(path: Path, text: Any) -> Label:
    found = _CLASS.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise MergeError(f"{path}: {text!r} does not look like make_model or make_model_year")
    return Label(found[1].strip(), found[2].replace("_", " ").strip(), found[3] or "", text.strip())


def _key(label: Label | None) -> Key | None:
    return label.key if label else None


def _way(label: Label | None) -> str:
    return f"goes into {label.text!r}" if label else "is left out"
