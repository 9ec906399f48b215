from typing import Any

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import versions_list

FIGURES = ("top1", "make_top1", "ece")


class Command(ServiceCommand):
    help = "List the model versions, newest first, and which one serves."

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
        return Outcome(document, "\n".join(lines))


def _line(row: ModelVersion) -> str:
    tested = row.metrics.get("test", {})
    figures = [f"{name} {tested[name]:.3f}" for name in FIGURES if tested.get(name) is not None]
    mark = "→" if row.status == ModelVersion.Status.CHAMPION else " "
    return f"{mark} {row.version}  {row.status:<9}  {row.created_at:%Y-%m-%d %H:%M}  {'  '.join(figures)}".rstrip()
