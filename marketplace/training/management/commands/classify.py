import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from django.core.management.base import CommandParser

from classifier.attributes import OTHER
from classifier.folder import photos_in
from classifier.training.progress import Progress
from marketplace.commands import BAD_INPUT, InputRefused, Outcome, ServiceCommand
from marketplace.listings.verdicts import candidate_sure
from marketplace.training.recogniser import (
    photo_document,
    recogniser_open,
    verdict_document,
    version_folder,
)

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

STATUS = {"no_vehicle": "no car found", "not_usable": "not usable", "unreadable": "unreadable"}
NAMED_AT_MOST = 20


class Command(ServiceCommand):
    help = "Say which make and model each photo shows; with --listing, what all of them show together."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "photos", nargs="+", type=Path, metavar="PHOTO", help="a photo, or a folder: all photos in and below it"
        )
        parser.add_argument("--listing", action="store_true", help="the photos show one car: add the verdict over all")
        parser.add_argument(
            "--lines", type=Path, metavar="FILE",
            help="write one JSON line per photo to FILE as it is looked at: for any number of photos",
        )  # fmt: skip
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        if options["lines"] and options["listing"]:
            raise InputRefused("--listing is for the photos of one car, --lines for those of many: choose one of them.")
        photos, named = _photos(options["photos"])
        folder = version_folder(version=options["model"])
        recogniser = recogniser_open(folder=folder, as_site=True)
        if options["lines"]:
            return _to_file(recogniser, photos, named, file=options["lines"], progress=progress)
        recognitions = list(progress.track(recogniser.stream(photos), total=len(photos), what="Looking"))
        documents = [
            photo_document(file=str(path), recognition=one) for path, one in zip(photos, recognitions, strict=True)
        ]
        document: dict[str, Any] = {"model_version": recogniser.version, "photos": documents}
        lines = [_line(one) for one in documents]
        if options["listing"]:
            document["verdict"] = verdict_document(verdict=recogniser.verdict(recognitions))
            lines += ["", "Together: " + _best(document["verdict"] or {"candidates": []})]
        failed = _failed([one for one in documents if one["file"] in named and one["status"] == "unreadable"], named)
        return Outcome(document, "\n".join(lines), failed=failed, code=BAD_INPUT)


def _photos(given: list[Path]) -> tuple[list[Path], set[str]]:
    """All photos, and the paths of those named one by one. Raises InputRefused, OSError."""
    photos: list[Path] = []
    named: set[str] = set()
    for path in given:
        if path.is_dir():
            found = photos_in(path)
            if not found:
                raise InputRefused(f"There are no photos in {path}.")
            photos += found
        else:
            with path.open("rb"):  # missing or not readable: refused before anything is loaded
                pass
            photos.append(path)
            named.add(str(path))
    return photos, named


def _to_file(
    recogniser: "Recogniser", photos: list[Path], named: set[str], *, file: Path, progress: Progress
) -> Outcome:
    """Write a line per photo, and keep none in memory.

    An existing file is replaced once all photos are looked at.
    """
    counts: Counter[str] = Counter()
    unreadable: list[dict[str, Any]] = []
    with _replacing(file) as out:
        stream = zip(photos, recogniser.stream(photos), strict=True)
        for path, recognition in progress.track(stream, total=len(photos), what="Looking"):
            one = photo_document(file=str(path), recognition=recognition)
            out.write(json.dumps(one, ensure_ascii=False) + "\n")
            counts[recognition.status] += 1
            if recognition.status == "unreadable" and one["file"] in named:
                unreadable.append(one)
    document = {"model_version": recogniser.version, "photos": len(photos), "counts": dict(counts), "file": str(file)}
    shares = ", ".join(f"{number} {STATUS.get(status, status)}" for status, number in counts.most_common())
    return Outcome(
        document, f"{len(photos)} photos: {shares}. {file}", failed=_failed(unreadable, named), code=BAD_INPUT
    )


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[TextIO]:
    """Write to FILE.part, which replaces the file at the end. After an interruption it stays.

    A file name that is not UTF-8 is written with JSON's escapes, so that it still opens the file.
    """
    beside = file.with_name(f"{file.name}.part")
    with beside.open("w", encoding="utf-8", errors="backslashreplace") as out:
        yield out
    beside.replace(file)


def _failed(unreadable: list[dict[str, Any]], named: set[str]) -> str:
    """The failure, if a photo cannot be read that was named; those in folders are only reported."""
    if not unreadable:
        return ""
    which = ", ".join(f"{one['file']} ({one['error']})" for one in unreadable[:NAMED_AT_MOST])
    more = ", …" if len(unreadable) > NAMED_AT_MOST else ""
    return f"{len(unreadable)} of {len(named)} photos cannot be read: {which}{more}"


LOOKS = ("view", "body", "colour")


def _line(photo: dict[str, Any]) -> str:
    if photo["status"] == "ok":
        looks = [f"{photo[part]['name']} {photo[part]['confidence']:.0%}" for part in LOOKS if photo[part]]
        looks += [f"{photo['cars']} cars"] if photo["cars"] > 1 else []
        return f"{photo['file']}: {'; '.join([_best(photo), *looks])}"
    if photo["kind"] == OTHER:
        return f"{photo['file']}: there is no car on this photo"
    why = photo["kind"] if photo["status"] == "not_usable" else photo.get("error", "")
    return f"{photo['file']}: {STATUS[photo['status']]}" + (f" ({why})" if why else "")


def _best(said: dict[str, Any]) -> str:
    if not said["candidates"]:
        return "no photo is usable"
    first, *others = said["candidates"]
    name = " ".join(part for part in (first["make"], first["model"], first["years"]) if part)
    if first["alike"]:
        name = f"{' or '.join([name, *first['alike']])}, which photos cannot tell apart:"
    rest = ", ".join(f"{one['make']} {one['model']} {one['confidence']:.0%}" for one in others[:2])
    make = said["make"]
    return f"{name} {candidate_sure(first):.0%} (make {make['name']} {make['confidence']:.0%}" + (
        f"; or {rest})" if rest else ")"
    )
