from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.doorbell import ring
from marketplace.registry.services import RERECOGNISE
from marketplace.training.models import Rerecognition
from marketplace.training.rerecognition.services import rerecognition_counts, rerecognition_plan, rerecognition_request

SHOWN = 5


class Command(ServiceCommand):
    help = "Let the version that serves look again at listings that wait for review or are in doubt, in the background."

    def arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        for scope in (Rerecognition.Scope.PENDING, Rerecognition.Scope.DOUBTFUL, Rerecognition.Scope.ALL):
            which.add_argument(
                f"--{scope}", dest="scope", action="store_const", const=scope, help=f"only {scope.label}"
            )
        which.add_argument("--status", action="store_true", help="ask for nothing: how far the last ones are")
        parser.set_defaults(scope=Rerecognition.Scope.OPEN)

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        if options["status"]:
            return _status()
        asked = rerecognition_request(scope=options["scope"])
        while rerecognition_plan(asked=asked):
            progress.note(f"{rerecognition_counts(asked=asked).total} photos")
        ring(RERECOGNISE)
        document = _document(asked)
        return Outcome(
            document,
            f"{asked.version} looks again at {document['photos']} photos of {asked.get_scope_display()}, "
            "whenever no new photo waits. How far it is: rerecognise --status",
        )


def _status() -> Outcome:
    rows = [_document(row) for row in Rerecognition.objects.select_related("version")[:SHOWN]]
    lines = [
        f"{row['created_at'][:16]}  {row['status']:<10}  {row['done']} of {row['photos']} photos"
        f"{', ' + str(row['failed']) + ' failed' if row['failed'] else ''}  {row['listings']}, {row['version']}"
        for row in rows
    ]
    return Outcome({"rerecognitions": rows}, "\n".join(lines) or "Nothing was ever looked at again.")


def _document(asked: Rerecognition) -> dict[str, Any]:
    asked.refresh_from_db()
    counts = rerecognition_counts(asked=asked)
    return {
        "id": asked.pk,
        "version": asked.version.version,
        "listings": asked.scope,
        "status": asked.status,
        "photos": counts.total,
        "done": counts.done,
        "failed": counts.failed,
        "created_at": asked.created_at.isoformat(),
        "finished_at": asked.finished_at and asked.finished_at.isoformat(),
    }
