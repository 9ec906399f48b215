from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from classifier.training.errors import ReportError, TrainError
from classifier.training.loop.processes.launch import rank
from classifier.training.progress import Progress
from classifier.training.recipe import RecipeError
from marketplace.commands import Outcome, ServiceCommand, refusing
from marketplace.training.management.arguments import photo_arguments, photo_selection, positive, recipe_arguments
from marketplace.training.promotion.gates import gates_missed
from marketplace.training.runs.request import RunRequest
from marketplace.training.runs.services import Retrained, retrain

STATES = {"passed": "pass", "failed": "FAIL", "not shown": "????"}
"""How a gate's state stands in a line."""


class Command(ServiceCommand):
    help = "Train a challenger on decisions and manifests, compare it with the champion, let it serve if it is better."
    refusals: ClassVar[tuple[type[Exception], ...]] = (RecipeError, ReportError, TrainError)
    always_a_document: ClassVar[bool] = True

    def arguments(self, parser: CommandParser) -> None:
        photo_arguments(parser)
        recipe_arguments(parser)
        parser.add_argument("--epochs", type=int, metavar="N", help="instead of the recipe's")
        parser.add_argument("--max-minutes", type=float, metavar="M", help="end cleanly after this time")
        parser.add_argument("--resume", action="store_true", help="go on where an interrupted run stopped")
        parser.add_argument(
            "--promote", choices=("auto", "never"), default="auto", help="auto: if all gates are passed"
        )
        parser.add_argument(
            "--external", type=Path, metavar="DIR", help="your own pictures: the report shows them with the answers"
        )
        parser.add_argument(
            "--new-makes", action="store_true", help="learn makes that the catalogue does not know, too"
        )
        parser.add_argument(
            "--suspects",
            nargs="?",
            const="report",
            choices=("report", "queue"),
            help="list labels that are probably wrong first; queue: also put them before the moderators",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if rank() == 0:
            super().handle(*args, **options)
            return
        with refusing(*self.refusals):  # a further process of torchrun: it only trains, without the database
            from classifier.training.loop.fit import fit_help  # noqa: PLC0415  it loads torch

            fit_help()

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        positive(options, "epochs", "max_minutes")
        request = RunRequest(
            photos=photo_selection(options),
            recipe=options["recipe"],
            overrides=options["values"],
            epochs=options["epochs"],
            max_minutes=options["max_minutes"],
            resume=options["resume"],
            promote=options["promote"],
            new_makes=options["new_makes"],
            external=options["external"],
            suspects=options["suspects"],
        )
        done = retrain(request=request, by=None, progress=progress)
        missed = gates_missed(done.gates)
        return Outcome(_document(done), _text(done), failed=f"Not promoted: {missed}." if missed else "")


def _document(done: Retrained) -> dict[str, Any]:
    return {
        "run": done.run.pk,
        "version": done.version.version,
        "champion": done.champion.version if done.champion else None,
        "promoted": done.run.promoted,
        "headline": done.run.metrics.get("headline", ""),
        "gates": [gate.as_dict() for gate in done.gates],
        "metrics": done.run.metrics,
        "photos": done.run.photos,
        "stages": done.run.stages,
        "manifest_sha256": done.run.manifest_sha256,
        "report": str(done.report),
    }


def _text(done: Retrained) -> str:
    against = f" against {done.champion}" if done.champion else ""
    lines = [f"Run {done.run.pk}: {done.version}{against}, {done.run.photos} photos"]
    if headline := done.run.metrics.get("headline"):
        lines.append(headline)
    lines += [
        f"  {STATES[gate.state]}  {gate.text}  [{gate.name} {gate.value:.4g}, limit {gate.limit:.4g}"
        f"{f', on {gate.evidence.words}' if gate.evidence else ''}]"
        for gate in done.gates
    ]
    lines.append(f"Report: {done.report}")
    if done.run.promoted:
        lines.append("It serves now. `rollback` undoes it.")
    elif done.passed:
        lines.append(f"It was not asked to serve: promote {done.version}")
    return "\n".join(lines)
