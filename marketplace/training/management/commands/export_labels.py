from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.training.labels.decisions import SOURCE
from marketplace.training.labels.export import labels_export


class Command(ServiceCommand):
    help = "Write what moderators confirmed and corrected as a manifest."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "manifest", type=Path, nargs="?", help=f"where to write; default: {SOURCE}/manifest.csv in the site's var/"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        # The folder's name is part of a car's id: under this one a car keeps its side of the split.
        path = options["manifest"] or Path(settings.VAR_DIR) / SOURCE / "manifest.csv"
        export = labels_export(path=path)
        document = {"manifest": str(export.manifest), "photos": export.photos, "vehicles": export.vehicles}
        return Outcome(document, f"{export.photos} photos of {export.vehicles} cars: {export.manifest}")
