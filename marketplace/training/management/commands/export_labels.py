from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.training.labels.decisions import SOURCE
from marketplace.training.labels.export import labels_export
from marketplace.training.labels.formats import FILE_NAMES, FORMATS


class Command(ServiceCommand):
    help = "Write what moderators confirmed and corrected as labels."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "manifest",
            metavar="PATH",
            type=Path,
            nargs="?",
            help=f"where to write; default: manifest.csv (or the format's name) in {SOURCE}/ in the site's var/",
        )
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default=FORMATS[0],
            help="a manifest, JSON Lines, COCO, or folders make/model with copies of the photos",
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        # The folder's name is part of a car's id: under this one a car keeps its side of the split.
        path = options["manifest"] or Path(settings.VAR_DIR) / SOURCE / FILE_NAMES[options["format"]]
        export = labels_export(path=path, format=options["format"])
        document = {
            "manifest": str(export.manifest), "format": options["format"], "photos": export.photos,
            "vehicles": export.vehicles, "left_out": export.left_out,
        }  # fmt: skip
        text = f"{export.photos} photos of {export.vehicles} cars: {export.manifest}"
        if export.left_out:
            text += f"\n{export.left_out} photos without a car have no folder: the other formats hold them"
        return Outcome(document, text)
