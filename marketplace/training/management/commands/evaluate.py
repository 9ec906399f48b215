from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.manifest import manifest_read
from classifier.training.progress import Progress
from classifier.training.split import side_of
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.photos.taxonomy import catalogue_classes
from marketplace.training.eye import catalogue_loaded, recogniser_open, serving_folder, version_folder


class Command(ServiceCommand):
    help = "Measure a model version on a manifest's photos."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path)
        parser.add_argument(
            "--side",
            choices=("train", "val", "test"),
            help="only cars on this side of the split; test: never learned from",
        )
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        rows = manifest_read(options["manifest"])
        if options["side"]:
            rows = [row for row in rows if side_of(row) == options["side"]]
            if not rows:
                raise InputRefused(f"None of the photos of {options['manifest']} is on the {options['side']} side.")
        folder = version_folder(version=options["model"]) if options["model"] else serving_folder()
        # Only now: what it needs takes seconds to load, and bad arguments are refused before that.
        from classifier.training.evaluate import evaluate, key_by_letters  # noqa: PLC0415
        from marketplace.training.judge import CatalogueNames  # noqa: PLC0415

        catalogue = catalogue_loaded()
        recogniser = recogniser_open(folder=folder)
        try:
            document = evaluate(
                rows=rows,
                recogniser=recogniser,
                progress=progress,
                key=CatalogueNames() if catalogue else key_by_letters,
                classes=catalogue_classes(recogniser.classes) if catalogue else None,
            )
        finally:
            recogniser.close()
        document["names"] = "by the catalogue" if catalogue else "by their letters"
        return Outcome(document, "\n".join([recogniser.version, *_lines(document)]))


def _lines(document: dict[str, Any], indent: str = "  ") -> list[str]:
    lines = []
    for name, value in document.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else "–" if value is None else str(value)
            lines.append(f"{indent}{name:<24}{shown}")
    return lines
