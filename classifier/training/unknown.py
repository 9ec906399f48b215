"""How often would a car that the model never saw be given a confident name? Train without some models and look.

`python -m classifier.training.unknown --manifest M … --recipe starter --work work --max-minutes 15`

The network of such a run serves nobody: only the figures are of use. Held out are all photos of a model, whatever their
side of the split, and so many more than a test side has of models without a class.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from classifier.artefact import ArtefactError
from classifier.recognise import WEIGHTS, Recogniser
from classifier.taxonomy import name_key
from classifier.training.errors import TrainError
from classifier.training.evaluate import Eye, photos_judge
from classifier.training.intervals import wilson
from classifier.training.manifest import ManifestError, ManifestRow, manifest_read
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import RecipeError, recipe_load
from classifier.training.split import held_apart, side_of
from classifier.training.train import train


def held_out(row: ManifestRow, share: float) -> bool:
    """Whether the row's model is one of the `share` that training must not see: a pure function of its name.

    The first word of the model decides, so that "3 Series Sedan" and "3 Series Wagon" are held out together.
    """
    model = name_key(row.model.split()[0]) if row.model else ""
    digest = hashlib.sha256(f"unknown:{name_key(row.make)}:{model}".encode()).digest()
    return bool(row.make and row.model) and int.from_bytes(digest[:8], "big") / 2**64 < share


def confident_names(*, rows: Sequence[ManifestRow], eye: Eye, progress: Progress) -> dict[str, Any]:
    """How many of the photos get a model, and a make, above the thresholds of a form, in all and by source."""
    judged = photos_judge(rows=rows, recogniser=eye, progress=progress)
    found: dict[str, Any] = {}
    for source in ["", *sorted({row.source for row in rows})]:
        here = [one for one in judged if not source or one.row.source == source]
        named = sum(one.confidence >= eye.thresholds.model for one in here)
        found[source or "all"] = {
            "photos": len(here),
            "answered": sum(bool(one.recognition.candidates) for one in here),
            "above_threshold": round(named / len(here), 4),
            "interval": [round(end, 4) for end in wilson(named, len(here))],
        }
    return found


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train without some models; how surely are they named all the same?")
    parser.add_argument("--manifest", action="append", type=Path, required=True)
    parser.add_argument("--recipe", default="starter")
    parser.add_argument("--share", type=float, default=0.2, help="of the models, that is held out")
    parser.add_argument("--work", type=Path, required=True, help="caches, checkpoints and the artefact")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    progress = progress_for_terminal()
    try:
        rows = held_apart([row for manifest in given.manifest for row in manifest_read(manifest)])
        unseen = [row for row in rows if row.exterior and held_out(row, given.share)]
        if not unseen:
            parser.error(f"--share {given.share:g} holds no photo out")
        result = train(
            rows=[row for row in rows if not held_out(row, given.share)],
            recipe=replace(recipe_load(given.recipe), name="unknown"),
            out=given.work / "artefacts",
            work_dir=given.work,
            resume=given.resume,
            max_minutes=given.max_minutes,
            progress=progress,
            weights=WEIGHTS,
        )
        eye = Recogniser.open(classifier=result.artefact.folder, cache_dir=given.work / "ir")
    except (ManifestError, RecipeError, TrainError, ArtefactError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        known = [row for row in rows if side_of(row) == "test" and row.exterior and not held_out(row, given.share)]
        figures = {
            "model_version": eye.version,
            "thresholds": {"model": eye.thresholds.model, "make": eye.thresholds.make},
            "unseen_models": confident_names(rows=unseen, eye=eye, progress=progress),
            "test_photos_of_the_others": confident_names(rows=known, eye=eye, progress=progress),
        }
    finally:
        eye.close()
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
