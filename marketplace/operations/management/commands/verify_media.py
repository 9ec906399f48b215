from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.operations.backup.media import media_verify


class Command(ServiceCommand):
    help = "Read every stored picture: which are missing, altered, or belong to no row."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--backup", type=Path, metavar="DIR", help="also compare with what a backup holds")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        found = media_verify(backup=options["backup"], progress=progress)
        lines = [f"{found.files} files"]
        for what, names in (("missing", found.missing), ("altered", found.altered), ("orphaned", found.orphaned)):
            lines += [f"{len(names)} {what}", *(f"  {name}" for name in names)]
        wrong = [
            f"{len(names)} {what}" for what, names in (("missing", found.missing), ("altered", found.altered)) if names
        ]
        # Orphans are no loss: the site sweeps them up itself.
        return Outcome(asdict(found), "\n".join(lines), failed=" and ".join(wrong))
