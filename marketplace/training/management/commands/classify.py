import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from django.core.management.base import CommandParser

from classifier.folder import photos_in
from classifier.training.progress import Progress
from marketplace.commands import BAD_INPUT, InputRefused, Outcome, ServiceCommand
from marketplace.training.recogniser import (
    photo_document,
    recogniser_open,
    serving_folder,
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
        folder = version_folder(version=options["model"]) if options["model"] else serving_folder()
        recogniser = recogniser_open(folder=folder, as_site=True)
        if options["lines"]:
            return _to_file(recogniser, photos, named, file=options["lines"], progress=progress)
        said = list(progress.track(recogniser.stream(photos), total=len(photos), what="Looking"))
        documents = [photo_document(file=str(path), said=one) for path, one in zip(photos, said, strict=True)]
        document: dict[str, Any] = {"model_version": recogniser.version, "photos": documents}
        lines = [_line(one) for one in documents]
        if options["listing"]:
            document["verdict"] = verdict_document(verdict=recogniser.verdict(said))
            lines += ["", "Together: " + _best(document["verdict"] or {"candidates": []})]
        failed = _failed([one for one in documents if one["file"] in named and one["status"] == "unreadable"], named)
        return Outcome(document, "\n".join(lines), failed=failed, code=BAD_INPUT)


def _photos(given: list[Path]) -> tuple[list[Path], set[str]]:
    """All photos meant, and which of them were named one by one. Raises InputRefused, OSError."""
    photos: list[Path] = []
    named: set[str] = set()
    for path in given:
        if path.is_dir():
            found = photos_in(path)
            if not found:
                raise InputRefused(f"There are no photos in {path}.")
            photos += found
        else:
            with path.open("rb"):  # missing or not ours to read: said before anything is loaded
                pass
            photos.append(path)
            named.add(str(path))
    return photos, named


def _to_file(
    recogniser: "Recogniser", photos: list[Path], named: set[str], *, file: Path, progress: Progress
) -> Outcome:
    """One line per photo, none of them kept; a file that exists is replaced when all photos are looked at."""
    counts: Counter[str] = Counter()
    unreadable: list[dict[str, Any]] = []
    with _replacing(file) as out:
        stream = zip(photos, recogniser.stream(photos), strict=True)
        for path, said in progress.track(stream, total=len(photos), what="Looking"):
            one = photo_document(file=str(path), said=said)
            out.write(json.dumps(one, ensure_ascii=False) + "\n")
            counts[said.status] += 1
            if said.status == "unreadable" and one["file"] in named:
                unreadable.append(one)
    document = {"model_version": recogniser.version, "photos": len(photos), "counts": dict(counts), "file": str(file)}
    told = ", ".join(f"{number} {STATUS.get(status, status)}" for status, number in counts.most_common())
    return Outcome(document, f"{len(photos)} photos: {told}. {file}", failed=_failed(unreadable, named), code=BAD_INPUT)


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[TextIO]:
    """Write beside the file and put it in its place at the end; what an interruption leaves keeps the name beside.

    A photo's name that is no UTF-8 is written as JSON's own escapes, which read back as the path that opens it.
    """
    beside = file.with_name(f"{file.name}.part")
    with beside.open("w", encoding="utf-8", errors="backslashreplace") as out:
        yield out
    beside.replace(file)


def _failed(unreadable: list[dict[str, Any]], named: set[str]) -> str:
    """In a folder, photos that cannot be read are reported and that is all; one that was named must be readable."""
    if not unreadable:
        return ""
    told = ", ".join(f"{one['file']} ({one['error']})" for one in unreadable[:NAMED_AT_MOST])
    more = ", …" if len(unreadable) > NAMED_AT_MOST else ""
    return f"{len(unreadable)} of {len(named)} photos cannot be read: {told}{more}"


def _line(photo: dict[str, Any]) -> str:
    if photo["status"] == "ok":
        looks = [f"{photo[part]['name']} {photo[part]['confidence']:.0%}" for part in ("view", "body") if photo[part]]
        return f"{photo['file']}: {'; '.join([_best(photo), *looks])}"
    why = photo["kind"] if photo["status"] == "not_usable" else photo.get("error", "")
    return f"{photo['file']}: {STATUS[photo['status']]}" + (f" ({why})" if why else "")


def _best(said: dict[str, Any]) -> str:
    if not said["candidates"]:
        return "no photo is usable"
    first, *others = said["candidates"]
    name = " ".join(part for part in (first["make"], first["model"], first["years"]) if part)
    rest = ", ".join(f"{one['make']} {one['model']} {one['confidence']:.0%}" for one in others[:2])
    make = said["make"]
    return f"{name} {first['confidence']:.0%} (make {make['name']} {make['confidence']:.0%}" + (
        f"; or {rest})" if rest else ")"
    )
