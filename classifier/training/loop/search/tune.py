"""Search a recipe's values with real trainings on the train split, scored on val.

Test photos are not even read.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import optuna
import torch

from classifier.training.data.manifest import manifest_sha256
from classifier.training.data.split import split_of
from classifier.training.loop.fit import fit
from classifier.training.loop.search.search import Found, Report, SearchError, Space, search
from classifier.training.loop.setup import network_for, setup_prepare
from classifier.training.recipe import Recipe
from classifier.training.request import TrainingContext, TrainingRequest


def tune(
    *,
    request: TrainingRequest,
    context: TrainingContext,
    space: Space,
    trials: int,
    max_minutes: float | None = None,
) -> Found:
    """Try `trials` recipes from the space.

    request: what each trial trains, with values from the space in its recipe; its champion is not
    used. max_minutes: of the search; after that no further trial begins. The study lies in
    `<work_dir>/studies/`, and a call with the same photos, recipe and space continues it. Raises
    TrainError, ArtefactError, EngineError, OSError.
    """
    recipe = request.recipe
    if recipe.freeze_backbone:
        raise SearchError(
            f"recipe {recipe.name!r} trains no network, only its head is solved: there is nothing to search"
        )
    rows = [row for row in request.rows if split_of(row) != "test"]
    if not any(split_of(row) == "val" and row.exterior and row.make for row in rows):
        raise SearchError(
            "there are no cars on the val side to score a trial on: more cars, or another split, are needed"
        )
    request = replace(request, rows=rows, champion=None)
    identity = f"{manifest_sha256(rows)} {request.epochs_planned} {request.minutes_planned}"
    key = hashlib.sha256(json.dumps([identity, recipe.as_dict(), repr(sorted(space.items()))]).encode()).hexdigest()
    return search(
        base=recipe, space=space, train_one=lambda candidate, report: _trial(request, context, candidate, report),
        file=context.work_dir / "studies" / f"{recipe.name}-{key[:12]}.journal", identity=identity, trials=trials,
        minutes=max_minutes, progress=context.progress,
    )  # fmt: skip


def _trial(request: TrainingRequest, context: TrainingContext, candidate: Recipe, report: Report) -> float:
    """One training: its best share of val photos right. Nothing else of it is kept."""
    alone = replace(candidate, ensemble_with="nothing")  # a trial asks how well the network learns by itself
    setup = setup_prepare(replace(request, recipe=alone), context)
    run_dir = context.work_dir / "trials" / setup.fingerprint[:16]
    run_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(candidate.seed)

    def log(name: str, value: float, epoch: int) -> None:
        if name == "val_top1":
            report(epoch, value)

    job = setup.job(network_for(setup, progress=context.progress), run_dir=run_dir)
    job = replace(job, resume=job.checkpoint.exists())  # of a trial that was killed
    try:
        fitted = fit(job, progress=context.progress, log=log)
    except optuna.TrialPruned:
        shutil.rmtree(run_dir)
        raise
    shutil.rmtree(run_dir)
    return max(figures["val_top1"] for figures in fitted.history)
