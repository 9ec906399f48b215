from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import BAD_INPUT, Outcome, ServiceCommand
from marketplace.training.eye import (
    photo_document,
    recogniser_open,
    serving_folder,
    verdict_document,
    version_folder,
)

STATUS = {"no_vehicle": "no car found", "not_usable": "not usable", "unreadable": "unreadable"}


class Command(ServiceCommand):
    help = "Say which make and model each photo shows; with --listing, what all of them show together."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
        parser.add_argument("--listing", action="store_true", help="the photos show one car: add the verdict over all")
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        photos: list[Path] = options["photos"]
        for path in photos:
            with path.open("rb"):  # missing, a folder, or not ours to read: said before anything is loaded
                pass
        folder = version_folder(version=options["model"]) if options["model"] else serving_folder()
        recogniser = recogniser_open(folder=folder)
        stream = recogniser.stream(photos)
        said = list(progress.track(stream, total=len(photos), what="Looking"))
        documents = [photo_document(file=str(path), said=one) for path, one in zip(photos, said, strict=True)]
        document: dict[str, Any] = {"model_version": recogniser.version, "photos": documents}
        lines = [_line(one) for one in documents]
        if options["listing"]:
            document["verdict"] = verdict_document(verdict=recogniser.verdict(said))
            lines += ["", "Together: " + _best(document["verdict"] or {"candidates": []})]
        unreadable = [f"{one['file']} ({one['error']})" for one in documents if one["status"] == "unreadable"]
        failed = f"{len(unreadable)} of {len(photos)} photos cannot be read: {', '.join(unreadable)}"
        return Outcome(document, "\n".join(lines), failed=failed if unreadable else "", code=BAD_INPUT)


def _line(photo: dict[str, Any]) -> str:
    if photo["status"] == "ok":
        return f"{photo['file']}: {_best(photo)}"
    kind = f" ({photo['kind']})" if photo["kind"] and photo["status"] == "not_usable" else ""
    return f"{photo['file']}: {STATUS[photo['status']]}{kind}"


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
