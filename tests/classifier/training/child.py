"""A training in a process of its own, which tests kill, or start several times by torchrun.

`python -m tests.classifier.training.child MODE FOLDER [KEY=VALUE …]`, the latter of the recipe. It
continues from a checkpoint if there is one. MODE `fit` trains on pictures made here and leaves
FOLDER/state.safetensors and FOLDER/history.json. MODE `train` reads FOLDER/cars/manifest.csv, takes
detector and photo attributes from FOLDER/weights, and leaves FOLDER/out/. $DIE_IN_WRITE: the number
of the checkpoint during whose write it is killed. $STEP_SECONDS: a pause in each step, which leaves
time to kill it.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from classifier.artefact import Preprocessing
from classifier.engines.networks import classification_network
from classifier.training.data.manifest import manifest_read
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.errors import TrainError
from classifier.training.loop import checkpoint
from classifier.training.loop.fit import fit, fit_help
from classifier.training.loop.loss import LabelLoss
from classifier.training.loop.processes.distributed import leading
from classifier.training.loop.processes.launch import rank
from classifier.training.loop.state import FitJob
from classifier.training.progress import Silent
from classifier.training.recipe import Recipe, recipe_override
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train

TINY = "test_efficientnet"
RECIPE = Recipe(name="tiny", backbone=TINY, input_sizes=(32,), epochs=3, batch=8, min_photos_per_class=2)


class Slow(Silent):
    """Says when it begins with an epoch, and takes its time."""

    def track(self, items, *, total, what):
        if what.startswith("epoch"):
            print(what, flush=True)
        for item in items:
            time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
            yield item


def die_in_write(number: int) -> None:
    """Let the checkpoint of that number end in the midst of its file."""
    written = []
    save = torch.save

    def half(content, file):
        written.append(1)
        if len(written) == number:
            file.write(b"half of a checkpoint" * 1000)
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        save(content, file)

    checkpoint.torch.save = half


def pictures(photos: int, side: int = 48) -> CropSet:
    random_numbers = np.random.default_rng(0)
    labels = np.arange(photos) % 2
    pixels = random_numbers.integers(0, 120, (photos, side, side, 3), dtype=np.uint8)
    pixels[labels == 1] += 100
    return CropSet(pixels, np.arange(photos), labels.astype(np.int64), Preprocessing(32))


def run_fit(folder: Path, recipe: Recipe) -> None:
    torch.manual_seed(5)
    with leading() as ranks:
        job = FitJob(
            network=classification_network(TINY, outputs=2, hidden=recipe.head_hidden, dropout=recipe.dropout),
            loss_of=LabelLoss([0, 1], label_smoothing=0.1, make_weight=0.0),
            train=pictures(44),
            val=pictures(16),
            recipe=recipe,
            epochs=recipe.epochs,
            max_minutes=recipe.max_minutes or None,
            run_dir=folder,
            fingerprint="same",
            resume=True,
        )
        done = fit(job, progress=Slow(), ranks=ranks)
    save_file({name: value.contiguous() for name, value in done.state.items()}, folder / "state.safetensors")
    (folder / "history.json").write_text(json.dumps(done.history))


def run_train(folder: Path, recipe: Recipe) -> None:
    train(
        request=TrainingRequest(rows=manifest_read(folder / "cars"), recipe=recipe, resume=True),
        context=TrainingContext(work_dir=folder / "work", weights=folder / "weights", progress=Slow()),
        out=folder / "out",
    )


def main() -> int:
    mode, folder, *settings = sys.argv[1:]
    if "DIE_IN_WRITE" in os.environ:
        die_in_write(int(os.environ["DIE_IN_WRITE"]))
    try:
        if rank() > 0:
            fit_help()
        else:
            {"fit": run_fit, "train": run_train}[mode](Path(folder), recipe_override(RECIPE, settings))
    except TrainError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
