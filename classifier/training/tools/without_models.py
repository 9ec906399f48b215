"""An artefact that has never heard of some models: their classes leave its head and its memory.

`python -m classifier.training.tools.without_models FOLDER --model "Audi A6" … --out DIR`

Bringing them back with `quick` shows what the loop does to new models and to old ones, without a
training. The backbone has learned from their photos, which nothing takes away: a market's really
new models are a little harder. Thresholds and temperatures stay.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from classifier.artefact import Artefact, ArtefactError, artefact_open, artefact_write
from classifier.engines.networks import build, last_prefix
from classifier.names import name_key
from classifier.training.data.memory.remembered import memory_read

T = TypeVar("T")


def without_models(artefact: Artefact, models: Collection[str], *, out: Path) -> Artefact:
    """The artefact without these models, by make and model in one text; written to `out`.

    What it has seen is not written down: it would keep their photos from being tested with. Raises
    ArtefactError if it does not know one of them.
    """
    gone = {name_key(one) for one in models}
    spec, state = artefact.spec, artefact.state_dict()
    names = [name_key(f"{one.make} {one.model}") for one in spec.classes]
    if strange := sorted(gone - set(names)):
        raise ArtefactError(f"{artefact.version} knows no {strange[0]}")
    kept = [at for at, name in enumerate(names) if name not in gone]
    prefix = last_prefix(build(artefact))
    for tensor in ("weight", "bias"):
        state[f"{prefix}{tensor}"] = state[f"{prefix}{tensor}"][torch.tensor(kept)]
    memory = memory_read(artefact)
    if memory is not None:
        memory = memory.kept([name_key(f"{one.make} {one.model}") not in gone for one in memory.photos])
    return artefact_write(
        parent=out,
        name=artefact.version.rpartition("-")[0],
        spec=replace(
            spec, classes=_at(spec.classes, kept), class_temperatures=_at(spec.class_temperatures, kept),
            class_bodies=_at(spec.class_bodies, kept), created="",
        ),
        state_dict=state,
        memory=memory.as_bytes() if memory else None,
    )  # fmt: skip


def _at(values: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[at] for at in places) if values else ()


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write an artefact that does not know some models.")
    parser.add_argument("artefact", type=Path, metavar="FOLDER")
    parser.add_argument("--model", action="append", required=True, metavar="MAKE MODEL")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        made = without_models(artefact_open(given.artefact), given.model, out=given.out)
    except ArtefactError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{made.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
