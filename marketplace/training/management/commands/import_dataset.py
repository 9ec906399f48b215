import sys
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

from django.core.management.base import CommandParser

from classifier.names import car_key
from classifier.training.data.importers import PATTERNS, Format, Imported, LabelChange, import_dataset
from classifier.training.data.importers.folders import LAYOUTS
from classifier.training.data.importers.reading import label_text
from classifier.training.data.manifest import ManifestRow, manifest_write
from classifier.training.data.stages import counted
from classifier.training.progress import Progress
from marketplace.catalogue.selectors import make_aliases, make_list, model_spelled
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.training.labels.decisions import unknown_makes
from marketplace.training.labels.new_models import (
    NewModel,
    NewModelsRefused,
    new_models,
    new_models_add,
    new_models_ask,
    rows_renamed,
)

SHOWN = 20


class Command(ServiceCommand):
    help = "Turn a data set, as others keep it, into a manifest."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("format", choices=get_args(Format))
        parser.add_argument("path", type=Path, help="the folder, or the table")
        parser.add_argument(
            "-o", "--output", type=Path, metavar="MANIFEST", help="default: manifest.csv beside the photos"
        )
        parser.add_argument(
            "--pattern",
            default="",
            help=f"filenames: {', '.join(PATTERNS)} or a regular expression with a group `make`; "
            f"folders that lie in each other: {', '.join(LAYOUTS)}",
        )
        parser.add_argument(
            "--vehicle-pattern", default="", help="folders: finds the car's id in a file name: ^(\\d+)_"
        )
        parser.add_argument(
            "--column", action="append", default=[], metavar="OURS=THEIRS", help="csv: make=Brand; may be repeated"
        )

        parser.add_argument(
            "--new-models",
            choices=("tell", "ask", "add", "refuse"),
            default="tell",
            help="models that the catalogue does not have: tell them, ask about each, add all, or refuse the data set",
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        path: Path = options["path"]
        found = import_dataset(
            format=cast(Format, options["format"]),
            path=path,
            pattern=options["pattern"],
            vehicle_pattern=options["vehicle_pattern"],
            columns=dict(_pair(given) for given in options["column"]),
            makes=list(make_list().values_list("name", flat=True)),
            aliases=make_aliases(),
            spell=lru_cache(maxsize=None)(model_spelled),
        )
        folder = path if path.is_dir() else path.parent
        manifest: Path = options["output"] or folder / "manifest.csv"
        if path.is_file() and manifest.exists() and manifest.samefile(path):
            raise InputRefused(f"{path} would be overwritten: name another file with --output.")
        new = new_models(rows=found.rows)
        found = replace(found, rows=_settled(found.rows, new, options["new_models"]))
        # Whoever reads the manifest puts its folder's name in front of the ids.
        manifest_write(manifest, _bare(found))
        document = {**_document(found, manifest), "new_models": [_new(one) for one in new]}
        return Outcome(document, "\n".join(_lines(found, document)))


def _settled(rows: list[ManifestRow], new: list[NewModel], what: str) -> list[ManifestRow]:
    """The rows after what was asked for is done about new models."""
    if what == "refuse" and new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        raise NewModelsRefused(f"The catalogue does not have {new[0]}{more}: try --new-models ask or add.")
    if what == "add":
        new_models_add(models=new)
    if what == "ask" and new:
        if not sys.stdin.isatty():
            raise InputRefused("--new-models ask needs a terminal: use add, refuse or tell.")
        answers = new_models_ask(models=new, read=_read)
        new_models_add(models=answers.add)
        return rows_renamed(rows=rows, names=answers.meant)
    return rows


def _read(line: str) -> str:
    sys.stderr.write(line)  # stdout is for the result
    sys.stderr.flush()
    return sys.stdin.readline()


def _new(one: NewModel) -> dict[str, Any]:
    return {"make": one.make, "model": one.model, "photos": one.photos, "suggestions": list(one.suggestions)}


def _document(found: Imported, manifest: Path) -> dict[str, Any]:
    return {
        "manifest": str(manifest),
        "photos": len(found.rows),
        "vehicles": len({row.vehicle for row in found.rows}),
        "classes": len({(row.make, row.model, row.year) for row in found.rows}),
        "unread": [{"file": one.file, "reason": one.reason} for one in found.unread],
        "unknown_makes": unknown_makes(rows=found.rows),
        "without_model": sum(not row.model for row in found.rows),
        "cars_of_several_models": _mixed(found),
        "labels_changed": [
            {"said": one.said, "make": one.make, "model": one.model, "year": one.year, "photos": one.photos}
            for one in found.changes
        ],
        "two_labels": [
            [{"file": row.file, "make": row.make, "model": row.model, "year": row.year} for row in group]
            for group in found.two_labels
        ],
        "notes": found.notes,
    }


def _lines(found: Imported, document: dict[str, Any]) -> list[str]:
    photos, vehicles, classes = document["photos"], document["vehicles"], document["classes"]
    lines = [f"{photos} photos of {vehicles} cars, {classes} classes: {document['manifest']}"]
    unread = Counter(one.reason for one in found.unread)
    first = {one.reason: one.file for one in reversed(found.unread)}
    lines += _first(
        [f"not read: {count} × {reason}, such as {first[reason]}" for reason, count in unread.most_common()]
    )
    lines += [f"  not in the catalogue: {make} ({count} photos)" for make, count in document["unknown_makes"].items()]
    lines += _first([_new_line(one) for one in document["new_models"]])
    if document["without_model"]:
        lines.append(
            f"  without a model: {document['without_model']} photos, which only a recipe of makes learns (brands)"
        )
    if document["cars_of_several_models"]:
        lines.append(f"  {document['cars_of_several_models']} cars have photos of several models: are the ids whole?")
    lines += _first([f"one file under two labels: {_labelled(group)}" for group in found.two_labels])
    lines += _first([_changed(one) for one in found.changes if not one.respelled])
    respelled = [one for one in found.changes if one.respelled]
    if respelled:
        count, one = sum(one.photos for one in respelled), respelled[0]
        lines.append(f'  only spelled otherwise: {counted(count, "photo")}, such as "{one.said}" as {one.label}')
    return lines + [f"  {note}" for note in found.notes]


def _new_line(one: dict[str, Any]) -> str:
    meant = f" → {', '.join(one['suggestions'])}?" if one["suggestions"] else ""
    return f"new to the catalogue: {one['make']} {one['model']}{meant} ({counted(one['photos'], 'photo')})"


def _first(lines: list[str]) -> list[str]:
    more = [f"  … and {len(lines) - SHOWN} more like these: see --json"] if len(lines) > SHOWN else []
    return [f"  {line}" for line in lines[:SHOWN]] + more


def _changed(one: LabelChange) -> str:
    photos = counted(one.photos, "photo")
    return f'label changed: "{one.said}" is {one.label or "no car"} ({photos}, such as {one.file})'


def _labelled(group: list[ManifestRow]) -> str:
    return ", ".join(f"{row.file} ({label_text(row.make, row.model, row.year)})" for row in group)


def _mixed(found: Imported) -> int:
    """How many cars have photos of several models: a label is wrong, or folders share ids."""
    models: dict[str, set[tuple[str, str]]] = {}
    for row in found.rows:
        models.setdefault(row.vehicle, set()).add(car_key(row.make, row.model))
    return sum(len(said) > 1 for said in models.values())


def _bare(found: Imported) -> list[ManifestRow]:
    return [replace(row, vehicle=row.vehicle.removeprefix(f"{row.source}/")) for row in found.rows]


def _pair(given: str) -> tuple[str, str]:
    ours, separator, theirs = given.partition("=")
    if not separator:
        raise InputRefused(f"--column {given!r} must look like make=Brand.")
    return ours, theirs
