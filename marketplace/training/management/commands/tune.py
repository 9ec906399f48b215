from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from classifier.training.recipe import RecipeError
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.training.management.arguments import photo_arguments, photo_selection, positive, recipe_arguments
from marketplace.training.runs.request import TuneRequest
from marketplace.training.runs.tuning import Tuned, recipe_tune


class Command(ServiceCommand):
    help = "Search the numbers of a recipe with short trainings scored on val cars; the best is a file for retrain."
    refusals: ClassVar[tuple[type[Exception], ...]] = (RecipeError, TrainError)

    def arguments(self, parser: CommandParser) -> None:
        photo_arguments(parser)
        recipe_arguments(parser)
        parser.add_argument(
            "--trials", type=int, default=20, metavar="N", help="in all, those of earlier calls counted"
        )
        parser.add_argument("--epochs", type=int, metavar="N", help="of each trial, instead of the recipe's")
        parser.add_argument("--minutes-each", type=float, metavar="M", help="end each trial cleanly after this time")
        parser.add_argument("--max-minutes", type=float, metavar="M", help="begin no further trial after this time")
        parser.add_argument(
            "--search", action="append", default=[], metavar="KEY=LOW:HIGH",
            help="what is searched, or KEY=A,B,C; may be repeated; default: rates, decay, augmentation, resolution",
        )  # fmt: skip
        parser.add_argument(
            "-o", "--output", type=Path, metavar="TOML", help="default: <recipe>-tuned.toml in var/runs/tune/"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        positive(options, "trials", "epochs", "minutes_each", "max_minutes")
        output: Path | None = options["output"]
        if output is not None and (output.suffix != ".toml" or not output.parent.is_dir()):
            raise InputRefused(f"{output} must be a .toml file in a folder that is there.")
        request = TuneRequest(
            photos=photo_selection(options),
            recipe=options["recipe"],
            overrides=options["values"],
            searched=options["search"],
            trials=options["trials"],
            epochs=options["epochs"],
            minutes_each=options["minutes_each"],
            max_minutes=options["max_minutes"],
            output=output,
        )
        return _outcome(recipe_tune(request=request, progress=progress))


def _outcome(done: Tuned) -> Outcome:
    found = done.found
    trials = [
        {
            "number": one.number, "val_top1": one.top1, "epochs": one.epochs, "ended_early": one.pruned,
            "values": one.values,
        }
        for one in found.trials
    ]  # fmt: skip
    best = sorted(found.trials, key=lambda one: (one.pruned, -(one.top1 or 0.0)))[:5]
    lines = [f"{len(trials)} trials, {sum(one.pruned for one in found.trials)} of them ended early"]
    lines += [
        f"  {one.top1 or 0:.4f}  " + "  ".join(f"{name} {_short(value)}" for name, value in one.values.items())
        for one in best
    ]
    if found.base_top1 is not None:
        lines.append(f"The recipe as it was: {found.base_top1:.4f} of the val photos right; the best: {found.top1:.4f}")
    lines.append(f"Train with it: retrain --recipe {done.file}")
    document = {"recipe": str(done.file), "val_top1": found.top1, "base_val_top1": found.base_top1, "trials": trials}
    return Outcome(document, "\n".join(lines))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
