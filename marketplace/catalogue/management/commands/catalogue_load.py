from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.catalogue.datafile import CATALOGUE_FILE
from marketplace.catalogue.services import catalogue_load
from marketplace.commands import Outcome, ServiceCommand


class Command(ServiceCommand):
    help = "Add and update makes, models and aliases from the catalogue's data file; nothing is deleted."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", type=Path, default=CATALOGUE_FILE, help="a data file other than the project's own"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        counts = catalogue_load(path=options["file"]).as_dict()
        return Outcome(counts, "\n".join(_line(kind, numbers) for kind, numbers in counts.items()))


def _line(kind: str, numbers: dict[str, int]) -> str:
    said = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
    return f"{kind.replace('_', ' ')}: {said or 'none'}"
