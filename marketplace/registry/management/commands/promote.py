from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import version_promote, version_register


class Command(ServiceCommand):
    help = "Let a model version serve; running workers switch between two batches."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="as `models` lists it, or a folder copied into the site's artefacts")
        parser.add_argument("--reason", default="", help="kept with the promotion")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        version = options["version"]
        folder = Path(settings.ARTEFACTS_DIR) / version
        if Path(version).name == version and folder.is_dir():
            version_register(folder=folder)  # trained on another machine and copied here; known ones stay as they are
        before = champion_get()
        promoted = version_promote(version=version, by=None, reason=options["reason"])
        document = {"version": promoted.version, "previous": before.version if before else None}
        return Outcome(document, f"{promoted.version} serves now. `rollback` undoes it.")
