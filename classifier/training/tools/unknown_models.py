"""How often is a car that the network never saw given a confident name?

Train without some models and look.

`python -m classifier.training.tools.unknown_models --manifest M … --recipe trial --work work`

With `--bring-back "Ford F-150 Regular Cab"` one of those models is then added with `quick` and 60
of its photos, as if moderators had corrected them: is it named afterwards, and do the others stay
as they were? `--artefact` spares the training: it takes that of an earlier call.

The network of such a run serves nobody: only the figures are of use. All photos of a model are held
out, whatever their split: many more than a test split has of models without a class.
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

from classifier.artefact import Artefact, ArtefactError, artefact_open
from classifier.names import name_key
from classifier.recognise import WEIGHTS, Recogniser
from classifier.training.data.manifest import ManifestError, ManifestRow, manifest_read
from classifier.training.data.split import held_apart, split_of
from classifier.training.errors import TrainError
from classifier.training.evaluation.evaluate import RecogniserLike, photos_score
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.intervals import wilson
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import RecipeError, recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train

TRAINED_ON = 60
"""Photos of a model that is brought back; what a diligent moderator corrects in a week."""
FEWEST_ASKED = 13
"""Of them none is learned from."""


def held_out(row: ManifestRow, share: float) -> bool:
    """Whether the row's model is one of the `share` that training must not see.

    A pure function of its name. The first word of the model decides, so that "3 Series Sedan" and
    "3 Series Wagon" are held out together.
    """
    model = name_key(row.model.split()[0]) if row.model else ""
    digest = hashlib.sha256(f"unknown:{name_key(row.make)}:{model}".encode()).digest()
    return bool(row.make and row.model) and int.from_bytes(digest[:8], "big") / 2**64 < share


def confident_names(*, rows: Sequence[ManifestRow], recogniser: RecogniserLike, progress: Progress) -> dict[str, Any]:
    """How many photos get a model, and a make, above a form's thresholds, in all and by source."""
    scored = photos_score(rows=rows, recogniser=recogniser, progress=progress)
    found: dict[str, Any] = {}
    for source in ["", *sorted({row.source for row in rows})]:
        here = [one for one in scored if not source or one.row.source == source]
        named = sum(one.filled_in(recogniser.thresholds.model) for one in here)
        found[source or "all"] = {
            "photos": len(here),
            "answered": sum(bool(one.recognition.candidates) for one in here),
            "above_threshold": round(named / len(here), 4),
            "interval": [round(end, 4) for end in wilson(named, len(here))],
        }
    return found


def splits_of_return(rows: Sequence[ManifestRow], name: str) -> list[ManifestRow]:
    """The photos of one model, by make and model without year, with their splits.

    TRAINED_ON of them to learn from, every seventh of these to calibrate on, the others,
    FEWEST_ASKED at least, to be asked about. By the files' names alone.
    """
    mine = [row for row in rows if name_key(f"{row.make} {row.model}") == name_key(name)]
    mine.sort(key=lambda row: hashlib.sha256(row.file.encode()).digest())
    asked = max(len(mine) - TRAINED_ON, FEWEST_ASKED)
    learned = [replace(row, year="", split="val" if n % 7 == 6 else "train") for n, row in enumerate(mine[asked:])]
    return [replace(row, year="", split="test") for row in mine[:asked]] + learned


def brought_back(
    *, name: str, unseen: Sequence[ManifestRow], others: Sequence[ManifestRow], base: Artefact, work: Path,
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Train `base` on a model by `quick`: right answers before and after.

    They are those on its own photos that were not learned from, and on the test photos of the
    others. Raises TrainError, ArtefactError, EngineError.
    """
    mine = splits_of_return(unseen, name)
    if sum(row.split == "train" for row in mine) < FEWEST_ASKED:
        raise TrainError(f"{name}: too few photos of it are among those held out ({len(mine)})")
    result = train(
        request=TrainingRequest(rows=[*others, *mine], recipe=recipe_load("quick"), champion=base),
        context=TrainingContext(work_dir=work, weights=WEIGHTS, progress=progress),
        out=work / "artefacts",
    )
    asked = {
        "its_own": [row for row in mine if row.split == "test"],
        "others": [row for row in others if split_of(row) == "test" and row.exterior and row.make and row.model],
    }
    figures: dict[str, Any] = {"model": name, "learned_from": sum(row.split != "test" for row in mine)}
    for when, artefact in (("before", base), ("after", result.artefact)):
        recogniser = Recogniser.open(classifier=artefact.folder, cache_dir=work / "ir")
        try:
            for whose, rows in asked.items():
                scored = photos_score(rows=rows, recogniser=recogniser, progress=progress)
                figures.setdefault(whose, {"photos": len(rows)})[when] = _share(scored)
        finally:
            recogniser.close()
    return figures


def _share(scored: Sequence[ScoredPhoto]) -> float:
    """Make and model right, of all the photos, known or not: so two versions are comparable."""
    return round(sum(one.model_right for one in scored) / len(scored), 4)


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train without some models; how surely are they named all the same?")
    parser.add_argument("--manifest", action="append", type=Path, required=True)
    parser.add_argument("--recipe", default="starter")
    parser.add_argument("--share", type=float, default=0.2, help="of the models, that is held out")
    parser.add_argument("--work", type=Path, required=True, help="caches, checkpoints and the artefact")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--artefact", type=Path, metavar="FOLDER", help="of an earlier call, in place of a training")
    parser.add_argument("--bring-back", default="", metavar="MODEL", help="a make and model of those held out")
    given = parser.parse_args(arguments)
    progress = progress_for_terminal()
    try:
        rows = held_apart([row for manifest in given.manifest for row in manifest_read(manifest)])
        unseen = [row for row in rows if row.exterior and held_out(row, given.share)]
        if not unseen:
            parser.error(f"--share {given.share:g} holds no photo out")
        others = [replace(row, split=split_of(row)) for row in rows if not held_out(row, given.share)]
        artefact = artefact_open(given.artefact) if given.artefact else _trained(given, others, progress)
        if given.bring_back:
            back = brought_back(
                name=given.bring_back, unseen=unseen, others=others, base=artefact, work=given.work, progress=progress
            )
            sys.stdout.write(json.dumps(back, indent=1) + "\n")
            return 0
        recogniser = Recogniser.open(classifier=artefact.folder, cache_dir=given.work / "ir")
    except (ManifestError, RecipeError, TrainError, ArtefactError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        known = [row for row in others if row.split == "test" and row.exterior]
        figures = {
            "model_version": recogniser.version,
            "thresholds": {"model": recogniser.thresholds.model, "make": recogniser.thresholds.make},
            "unseen_models": confident_names(rows=unseen, recogniser=recogniser, progress=progress),
            "test_photos_of_the_others": confident_names(rows=known, recogniser=recogniser, progress=progress),
        }
    finally:
        recogniser.close()
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0


def _trained(given: argparse.Namespace, rows: Sequence[ManifestRow], progress: Progress) -> Artefact:
    recipe = replace(recipe_load(given.recipe), name="unknown")
    return train(
        request=TrainingRequest(rows=rows, recipe=recipe, resume=given.resume, max_minutes=given.max_minutes),
        context=TrainingContext(work_dir=given.work, weights=WEIGHTS, progress=progress),
        out=given.work / "artefacts",
    ).artefact


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
