"""Search the numbers of a recipe with real trainings on the train side, judged on val; test cars are not even read."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import optuna
import torch

from classifier.training.data.manifest import ManifestRow, manifest_sha256
from classifier.training.data.split import split_of
from classifier.training.loop.fit import CHECKPOINT, fit
from classifier.training.loop.search import Found, SearchError, Space, Tell, search
from classifier.training.loop.setup import network_for, setup_prepare
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe


def tune(
    *,
    rows: Sequence[ManifestRow],
    recipe: Recipe,
    space: Space,
    work_dir: Path,
    weights: Path,
    trials: int,
    epochs: int | None = None,
    minutes_each: float | None = None,
    max_minutes: float | None = None,
    progress: Progress,
) -> Found:
    """Try `trials` recipes from the space; a call with the same photos, recipe and space goes on with its study.

    epochs, minutes_each: of each trial, in place of the recipe's. max_minutes: no further trial begins after that.
    work_dir, weights: as of train.train; the study lies in `<work_dir>/studies/`. Raises TrainError, ArtefactError,
    EngineError, OSError.
    """
    if recipe.freeze_backbone:
        raise SearchError(
            f"recipe {recipe.name!r} trains no network, only its head is solved: there is nothing to search"
        )
    seen = [row for row in rows if split_of(row) != "test"]
    if not any(split_of(row) == "val" and row.exterior and row.make for row in seen):
        raise SearchError(
            "there are no cars on the val side to judge a trial by: more cars, or another split, are needed"
        )
    epochs = epochs or recipe.epochs
    minutes_each = minutes_each or recipe.max_minutes or None
    identity = f"{manifest_sha256(seen)} {epochs} {minutes_each}"
    key = hashlib.sha256(json.dumps([identity, recipe.as_dict(), repr(sorted(space.items()))]).encode()).hexdigest()

    def train_one(candidate: Recipe, tell: Tell) -> float:
        alone = replace(candidate, ensemble_with="nothing")  # a trial asks how well it learns by itself
        setup = setup_prepare(
            rows=seen, recipe=alone, work_dir=work_dir, weights=weights, champion=None, progress=progress
        )
        fingerprint = setup.fingerprint(epochs)
        run_dir = work_dir / "trials" / fingerprint[:16]
        run_dir.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(candidate.seed)

        def log(name: str, value: float, epoch: int) -> None:
            if name == "val_top1":
                tell(epoch, value)

        try:
            fitted = fit(
                network=network_for(setup, progress=progress),
                loss_of=setup.loss,
                train=setup.train.photos,
                val=setup.val.photos,
                recipe=setup.recipe,
                epochs=epochs,
                max_minutes=minutes_each,
                run_dir=run_dir,
                fingerprint=fingerprint,
                resume=(run_dir / CHECKPOINT).exists(),  # of a trial that was killed
                progress=progress,
                log=log,
                workers=setup.loaders,
            )
        except optuna.TrialPruned:
            shutil.rmtree(run_dir)
            raise
        shutil.rmtree(run_dir)  # the figure is all that is kept of a trial
        return max(figures["val_top1"] for figures in fitted.history)

    return search(
        base=recipe, space=space, train_one=train_one, file=work_dir / "studies" / f"{recipe.name}-{key[:12]}.journal",
        identity=identity, trials=trials, minutes=max_minutes, progress=progress,
    )  # fmt: skip
