from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.operations.backup.sealing import backup_seal, seal_check
from marketplace.operations.backup.services import Copied, backup_make


class Command(ServiceCommand):
    help = "Copy database, photos, artefacts and runs into a new folder, with checksums, while the site runs."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="new or empty")
        parser.add_argument(
            "--encrypt-to", metavar="KEY", default="",
            help="leave one encrypted file: a public key of age (age1…), or whose key gpg has",
        )  # fmt: skip

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        key = options["encrypt_to"]
        if key:
            seal_check(key)
        copied = backup_make(folder=options["folder"], progress=progress)
        if key:
            progress.say(f"Encrypted: {backup_seal(folder=options['folder'], key=key)}")
        return outcome(copied, "Backed up")


def outcome(copied: Copied, done: str) -> Outcome:
    """The result of a backup or restore, for `--json` and for people."""
    files = ", ".join(f"{count} files of {place}" for place, count in copied.files.items())
    document = {"folder": str(copied.folder), "files": dict(copied.files), "bytes": copied.bytes}
    return Outcome(document, f"{done}: the database, {files}; {copied.bytes / 2**20:.1f} MB in {copied.folder}")
