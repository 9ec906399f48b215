from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.artefact import ArtefactError, artefact_check
from classifier.engines.ir_seal import irs_damaged
from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import versions_list

FIGURES = ("top1", "make_top1", "ece")


class Command(ServiceCommand):
    help = "List the model versions, newest first, and which one serves."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="also look for damaged or edited artefacts and converted networks"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        versions = versions_list()
        champion = next((row.version for row in versions if row.status == ModelVersion.Status.CHAMPION), None)
        document = {
            "champion": champion,
            "models": [
                {
                    "version": row.version,
                    "status": row.status,
                    "created_at": row.created_at.isoformat(),
                    "metrics": row.metrics,
                }
                for row in versions
            ],
        }
        lines = [_line(row) for row in versions] or ["No model version is registered yet."]
        if not options["check"]:
            return Outcome(document, "\n".join(lines))
        damaged = _damaged(versions)
        failed = f"Damaged or edited: {'; '.join(damaged)}." if damaged else ""
        return Outcome({**document, "damaged": damaged}, "\n".join(lines), failed=failed)


def _damaged(versions: list[ModelVersion]) -> list[str]:
    """What is not as it was written, a line each."""
    found = []
    for row in versions:
        try:
            artefact_check(row.folder)
        except ArtefactError as error:
            found.append(str(error))
    cache = Path(settings.ENGINE_CACHE_DIR)
    return [*found, *(f"{cache / name} (it is converted again on use)" for name in irs_damaged(cache))]


def _line(row: ModelVersion) -> str:
    tested = row.metrics.get("test", {})
    figures = [f"{name} {tested[name]:.3f}" for name in FIGURES if tested.get(name) is not None]
    mark = "→" if row.status == ModelVersion.Status.CHAMPION else " "
    return f"{mark} {row.version}  {row.status:<9}  {row.created_at:%Y-%m-%d %H:%M}  {'  '.join(figures)}".rstrip()
