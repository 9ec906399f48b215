"""Train a make/model classifier without a site: on a machine with a GPU and nothing installed.

`python -m classifier.training.tools.train_model --manifest M … --recipe starter --out DIR --work
DIR`

It does what `manage.py retrain` does between cleaning and the gates. The manifests must be clean
(tools.starter_photos); what comes of it is brought home with `manage.py calibrate`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from classifier.artefact import ArtefactError, artefact_open
from classifier.engines import EngineError
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestError, manifest_read
from classifier.training.data.split import held_apart
from classifier.training.errors import TrainError
from classifier.training.loop.setup import setup_prepare
from classifier.training.progress import progress_for_terminal
from classifier.training.recipe import RecipeError, recipe_load, recipe_override
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train a make/model classifier from clean manifests.")
    parser.add_argument("--manifest", action="append", type=Path, required=True)
    parser.add_argument("--recipe", default="starter")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="in place of the recipe's")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--champion", type=Path, metavar="FOLDER", help="what start = champion means; default: starter")
    parser.add_argument("--only-prepare", action="store_true", help="cut the photos for later calls, and stop")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder with detector/ and usable/")
    parser.add_argument("--out", type=Path, required=True, help="where the artefact goes")
    parser.add_argument("--work", type=Path, required=True, help="caches and checkpoints")
    given = parser.parse_args(arguments)
    try:
        recipe = recipe_override(recipe_load(given.recipe), given.set)
        rows = held_apart([row for manifest in given.manifest for row in manifest_read(manifest)])
        request = TrainingRequest(
            rows=rows, recipe=recipe, epochs=given.epochs, max_minutes=given.max_minutes, resume=given.resume,
            champion=artefact_open(given.champion) if given.champion else None,
        )  # fmt: skip
        context = TrainingContext(work_dir=given.work, weights=given.weights, progress=progress_for_terminal())
        if given.only_prepare:
            setup_prepare(request, context)
            return 0
        result = train(request=request, context=context, out=given.out, report=False)
    except (ManifestError, RecipeError, TrainError, ArtefactError, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    result.checkpoint.unlink(missing_ok=True)
    sys.stdout.write(json.dumps({"artefact": str(result.artefact.folder), "test": result.metrics.get("test")}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
