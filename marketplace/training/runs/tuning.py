"""Search for a better recipe on the site's photos; the result is a recipe file for `retrain`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.search.search import Space, space_default, space_parse
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe, recipe_write
from classifier.training.request import TrainingContext, TrainingRequest
from marketplace.registry.selectors import champion_get
from marketplace.training.runs.records import start_ready, training_lock
from marketplace.training.runs.request import TuneRequest
from marketplace.training.runs.rows import rows_clean, rows_collect

if TYPE_CHECKING:
    from classifier.training.loop.search.search import Found


@dataclass(frozen=True)
class Tuned:
    """What a search found, and the file of its recipe."""

    found: "Found"
    file: Path


def recipe_tune(*, request: TuneRequest, progress: Progress) -> Tuned:
    """Try variations of a recipe in short trainings, scored on val cars; write the best as a file.

    Photos are collected and cleaned as `retrain` does it. One training or search at a time. Raises
    RetrainRefused, ManifestError, RecipeError, TrainError, ArtefactError, EngineError or OSError,
    each with one clear line.
    """
    plan = request.plan()
    space = space_parse(request.searched, plan) if request.searched else space_default(plan)
    champion = champion_get()
    collected = rows_collect(photos=request.photos, champion=champion, progress=progress)
    folder = Path(settings.RUNS_DIR) / "tune"
    with training_lock():
        start_ready(plan=plan, progress=progress)
        cleaned = rows_clean(
            collected=collected,
            champion=champion,
            plan=plan,
            usable=request.photos.usable,
            folder=folder,
            progress=progress,
            compared=False,
        )
        found = _search(request, plan, space, cleaned.rows, progress)
    file = request.output or folder / f"{plan.name}-tuned.toml"
    comment = f"Found by `tune` in {len(found.trials)} trials: {found.top1:.4f} of the val photos right"
    recipe_write(file, replace(found.recipe, name=file.stem), comment=comment)
    return Tuned(found=found, file=file)


def _search(
    request: TuneRequest, plan: Recipe, space: Space, rows: list[ManifestRow], progress: Progress
) -> "Found":  # fmt: skip
    # Imported here: it loads torch, which refusing bad arguments does not need.
    from classifier.training.loop.search.tune import tune  # noqa: PLC0415

    return tune(
        request=TrainingRequest(rows=rows, recipe=plan, epochs=request.epochs, max_minutes=request.minutes_each),
        context=TrainingContext(
            work_dir=Path(settings.RUNS_DIR) / "work",
            weights=Path(settings.STARTER_WEIGHTS_DIR),
            progress=progress,
            engine_cache=Path(settings.ENGINE_CACHE_DIR),
        ),
        space=space,
        trials=request.trials,
        max_minutes=request.max_minutes,
    )
