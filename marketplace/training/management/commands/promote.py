from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.training.promotion.services import Promoted, promote


class Command(ServiceCommand):
    help = "Let a model version serve; running workers switch between two batches."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="as `models` lists it, or a folder copied into the site's artefacts")
        parser.add_argument("--reason", default="", help="kept with the promotion")
        parser.add_argument(
            "--force",
            action="store_true",
            help="also if it failed gates or was not compared with what serves; takes --reason",
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        done = promote(version=options["version"], by=None, reason=options["reason"], force=options["force"])
        document = {
            "version": done.version.version,
            "previous": done.previous.version if done.previous else None,
            "overrode": done.overrode,
        }
        return Outcome(document, _text(done))


def _text(done: Promoted) -> str:
    lines = [f"{done.version} serves now. `rollback` undoes it."]
    lines += [f"  in spite of  {one}" for one in done.overrode]
    return "\n".join(lines)
