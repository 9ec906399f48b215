from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.operations.backup.services import Copied, backup_make


class Command(ServiceCommand):
    help = "Copy database, photos, artefacts and runs into a new folder, with checksums, while the site runs."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="new or empty")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        return outcome(backup_make(folder=options["folder"], progress=progress), "Backed up")


def outcome(copied: Copied, done: str) -> Outcome:
    """The result of a backup or restore, for `--json` and for people."""
    files = ", ".join(f"{count} files of {place}" for place, count in copied.files.items())
    document = {"folder": str(copied.folder), "files": dict(copied.files), "bytes": copied.bytes}
    return Outcome(document, f"{done}: the database, {files}; {copied.bytes / 2**20:.1f} MB in {copied.folder}")
