from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import version_rollback


class Command(ServiceCommand):
    help = "Undo the last promotion: the version before it serves again."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="kept with the rollback")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        before = champion_get()
        restored = version_rollback(by=None, reason=options["reason"])
        document = {"version": restored.version, "previous": before.version if before else None}
        return Outcome(document, f"{restored.version} serves again.")
