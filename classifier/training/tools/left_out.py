"""What a market looks like to a model that never saw it: leave whole sources out, and ask.

`python -m classifier.training.tools.left_out --manifest M … --out left-out.json --work DIR`

Held-out photos of the sources that taught a network say how sure it may be there, and nothing of
the next country's. So for each group of sources a network is trained without it, calibrated on what
is left as any artefact is, and shown all of the group's photos. The file has one line per photo:
what was said, how surely, whether it was right, and what was known of the photo when it was asked.
Thresholds are fitted to it (robust calibration over several domains: Yu et al., NeurIPS 2022;
arXiv:2402.15019).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier.artefact import ArtefactError
from classifier.engines import EngineError
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestError, ManifestRow, manifest_read
from classifier.training.data.split import held_apart
from classifier.training.errors import TrainError
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.evaluation.evaluate import photos_score
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.progress import progress_for_terminal
from classifier.training.recipe import Recipe, RecipeError, recipe_load, recipe_override
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train


def without(rows: Sequence[ManifestRow], group: Sequence[str]) -> list[ManifestRow]:
    """The rows of all other sources; a source that ends in "*" stands for all that begin so."""
    return [row for row in rows if not in_group(row.source, group)]


def in_group(source: str, group: Sequence[str]) -> bool:
    """Whether a source is one of the group's."""
    return any(source == one or (one.endswith("*") and source.startswith(one[:-1])) for one in group)


def said_of(one: ScoredPhoto) -> dict[str, Any]:
    """A photo's line in the file."""
    said, box = one.recognition, one.recognition.box
    return {
        "file": one.row.file,
        "source": one.row.source,
        "vehicle": one.row.vehicle,
        "known": one.known,
        "make_known": one.make_known,
        "confidence": round(one.confidence, 4),
        "model_right": one.model_right,
        "make_confidence": round(said.make.confidence, 4) if said.make else 0.0,
        "make_right": one.make_right,
        "pixels": round(min(box[2] - box[0], box[3] - box[1])) if box else 0,
        "view": said.view.name if said.view else "",
        "kind": said.kind,
    }


def asked(
    rows: Sequence[ManifestRow],
    group: Sequence[str],
    recipe: Recipe,
    context: TrainingContext,
    *,
    minutes: float | None,
) -> dict[str, Any]:
    """Train without a group and ask about it. Raises TrainError, ArtefactError, EngineError."""
    result = train(
        request=TrainingRequest(rows=without(rows, group), recipe=recipe, max_minutes=minutes), context=context,
        out=context.work_dir / "left-out", report=False,
    )  # fmt: skip
    result.checkpoint.unlink(missing_ok=True)
    recogniser = CachedRecogniser(
        result.artefact, memory=context.work_dir, weights=context.weights, cache_dir=context.converted
    )
    try:
        mine = [row for row in rows if in_group(row.source, group) and row.exterior and row.make]
        scored = photos_score(rows=mine, recogniser=recogniser, progress=context.progress)
    finally:
        recogniser.close()
    thresholds = result.artefact.spec.thresholds
    test = result.metrics.get("test", {})
    return {
        "left_out": list(group),
        "thresholds": {"model": thresholds.model, "make": thresholds.make},
        "test_of_the_others": {name: test.get(name) for name in ("photos", "known", "top1", "make_top1", "ece")},
        "photos": [said_of(one) for one in scored],
    }


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train without each group of sources, and ask about it.")
    parser.add_argument("--manifest", action="append", type=Path, required=True)
    parser.add_argument("--group", action="append", required=True, metavar="SOURCE,SOURCE", help="left out together")
    parser.add_argument("--recipe", default="trial")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="in place of the recipe's")
    parser.add_argument("--max-minutes", type=float, help="of each training")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        recipe = recipe_override(recipe_load(given.recipe), given.set)
        rows = held_apart([row for manifest in given.manifest for row in manifest_read(manifest)])
        context = TrainingContext(work_dir=given.work, weights=WEIGHTS, progress=progress_for_terminal())
        groups = [group.split(",") for group in given.group]
        found = [asked(rows, group, recipe, context, minutes=given.max_minutes) for group in groups]
    except (ManifestError, RecipeError, TrainError, ArtefactError, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
