"""Trained networks brought home: taken apart, set side by side, calibrated and measured anew.

`python -m classifier.training.tools.assemble FOLDER --out DIR` writes each network of an ensemble
as an artefact of its own, so that one can learn on while the other serves. `assembled` is the way
back; `manage.py calibrate` runs it with the names of a site's catalogue.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from classifier.artefact import Artefact, ArtefactError, artefact_open, artefact_write
from classifier.training.data.cleaning.seen_photos import ENSEMBLE_OF, SeenPhotos, seen_photos_read
from classifier.training.data.labels import class_key
from classifier.training.data.manifest import SPLITS, ManifestRow, manifest_sha256
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.finish import Finished, Trained, finish
from classifier.training.loop.head.incremental import EXTENDS
from classifier.training.model.ensemble import ensembled, members_of, partner_check, partner_read
from classifier.training.request import TrainingContext


def members_write(artefact: Artefact, out: Path) -> list[Artefact]:
    """Each network of an ensemble as an artefact of its own, named after its backbone.

    Thresholds and figures stay the ensemble's: calibrate before one serves alone. Raises
    ArtefactError.
    """
    written = []
    for backbone, state in members_of(artefact):
        spec = replace(artefact.spec, backbone=backbone, metrics={}, created="", memory_sha256="")
        seen = seen_photos_read(artefact.folder)
        record = seen.as_bytes() if seen else None
        name = backbone.rpartition("_")[2]
        written.append(artefact_write(parent=out, name=name, spec=spec, state_dict=state, seen_photos=record))
    return written


def assembled(
    artefacts: Sequence[Artefact], rows: Sequence[ManifestRow], context: TrainingContext, *, name: str, out: Path
) -> Finished:
    """The first artefact's network, with the others' beside it, calibrated and measured on `rows`.

    rows: clean, those that the networks learned from with the same splits. Photos that any of them
    has seen are remembered as seen. Raises TrainError if the networks cannot stand side by side,
    ArtefactError, EngineError, OSError.
    """
    first = artefacts[0]
    if first.spec.task != "classifier":
        raise TrainError(f"{first.version} is a {first.spec.task} artefact: only classifiers are calibrated so")
    rows = [row for row in rows if row.exterior and row.make and row.model]
    spec, state = first.spec, first.state_dict()
    for other in artefacts[1:]:
        theirs = {class_key(one.make, one.model, one.years) for one in other.spec.classes}
        both = [one for one in spec.classes if class_key(one.make, one.model, one.years) in theirs]
        if not both:
            raise TrainError(f"{other.version} knows none of the {len(spec.classes)} classes of {first.version}")
        partner_check(
            other, backbone=spec.backbone, hidden=spec.head_hidden, preprocessing=spec.preprocessing, classes=both
        )
        backbone, state = ensembled(
            backbone=spec.backbone, state=state, classes=spec.classes, partner=partner_read(other)
        )
        spec = replace(spec, backbone=backbone)
    recipe = {key: value for key, value in spec.recipe.items() if key != EXTENDS}  # it is calibrated by itself
    if len(artefacts) > 1:
        recipe[ENSEMBLE_OF] = " ".join(other.version for other in artefacts[1:])
    history: dict[str, Any] = {
        key: spec.metrics[key] for key in ("train_photos", "classes", "history") if key in spec.metrics
    }
    spec = replace(spec, recipe=recipe, metrics=history, manifest_sha256=manifest_sha256(rows), created="")
    trained = Trained(
        name=name, spec=spec, state=state, seen_photos=_seen(artefacts),
        splits={split: [row for row in rows if split_of(row) == split] for split in SPLITS},
    )  # fmt: skip
    return finish(trained, context, out=out)


def _seen(artefacts: Sequence[Artefact]) -> SeenPhotos | None:
    """What all of them have seen; None if one has no record: a part would pass for the whole."""
    seen: SeenPhotos | None = SeenPhotos()
    for artefact in artefacts:
        one = seen_photos_read(artefact.folder)
        seen = seen + one if seen is not None and one is not None else None
    return seen


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write each network of an ensemble as an artefact of its own.")
    parser.add_argument("artefact", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        written = members_write(artefact_open(given.artefact), given.out)
    except ArtefactError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{one.folder}\n" for one in written))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
