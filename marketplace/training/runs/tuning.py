"""Search a recipe on a site's photos; what is found is a recipe file, which `retrain` then takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from classifier.training.data.clean import USABLE
from classifier.training.loop.search import space_default, space_parse
from classifier.training.progress import Progress
from classifier.training.recipe import recipe_load, recipe_override, recipe_write
from classifier.training.request import TrainingContext, TrainingRequest
from marketplace.registry.selectors import champion_get
from marketplace.training.runs.records import start_ready, training_lock
from marketplace.training.runs.rows import rows_clean, rows_collect

if TYPE_CHECKING:
    from classifier.training.loop.search import Found


@dataclass(frozen=True)
class Tuned:
    """What a search found, and where its recipe lies."""

    found: "Found"
    file: Path


def recipe_tune(
    *,
    manifests: Sequence[Path],
    recipe: str,
    values: Sequence[str],
    searched: Sequence[str],
    trials: int,
    epochs: int | None,
    minutes_each: float | None,
    max_minutes: float | None,
    merges: Sequence[Path] = (),
    decisions: bool = True,
    usable: float = USABLE,
    output: Path | None = None,
    progress: Progress,
) -> Tuned:
    """Search around a recipe with real trainings, judged on val cars; write the best as a TOML file.

    searched: as on the command line, see space_parse; none = learning rates, weight decay, augmentation, resolution.
    Photos are collected and cleaned as ``retrain`` does it. One training or search at a time. Raises RetrainRefused,
    ManifestError, RecipeError, TrainError, ArtefactError, EngineError or OSError, each with one clear line.
    """
    plan = recipe_override(recipe_load(recipe), values)
    space = space_parse(searched, plan) if searched else space_default(plan)
    champion = champion_get()
    collected = rows_collect(
        manifests=manifests, merges=merges, decisions=decisions, champion=champion, progress=progress
    )
    runs = Path(settings.RUNS_DIR)
    with training_lock():
        start_ready(plan=plan, progress=progress)
        cleaned = rows_clean(
            collected=collected,
            champion=champion,
            plan=plan,
            usable=usable,
            folder=runs / "tune",
            progress=progress,
            compared=False,
        )
        # Only now: it brings torch, which a command refused for its arguments does not need.
        from classifier.training.loop.tune import tune  # noqa: PLC0415

        found = tune(
            request=TrainingRequest(rows=cleaned.rows, recipe=plan, epochs=epochs, max_minutes=minutes_each),
            context=TrainingContext(
                work_dir=runs / "work", weights=Path(settings.STARTER_WEIGHTS_DIR), progress=progress
            ),
            space=space,
            trials=trials,
            max_minutes=max_minutes,
        )
    file = output or runs / "tune" / f"{plan.name}-tuned.toml"
    comment = f"Found by `tune` in {len(found.trials)} trials: {found.top1:.4f} of the val photos right"
    recipe_write(file, replace(found.recipe, name=file.stem), comment=comment)
    return Tuned(found=found, file=file)
