from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.operations.backup.sealing import backup_opened
from marketplace.operations.backup.services import backup_restore
from marketplace.operations.management.commands.backup import outcome


class Command(ServiceCommand):
    help = "Bring a backup back into an empty site; then run migrate, in case the program is newer."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="what backup wrote")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="age's private key, for an encrypted backup")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        with backup_opened(options["folder"], identity=options["identity"]) as folder:
            return outcome(backup_restore(folder=folder, progress=progress), "Restored")
