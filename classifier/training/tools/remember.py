"""Give an artefact a memory that was made without.

`python -m classifier.training.tools.remember FOLDER --manifest M … --work DIR [--out DIR]`

The manifests are those that it was trained on, with the same splits: best the `manifest.csv` of the
run that trained it, whose photos are cleaned. The result is a new version, for the memory's sha256
stands in model.json; weights, thresholds and figures are the same. Two CPU cores look at some 60
photos a second, a GPU at more; what was looked at before is not looked at again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from classifier.artefact import SEEN_PHOTOS_FILE, Artefact, ArtefactError, artefact_open, artefact_write
from classifier.engines import EngineError
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestError, ManifestRow, manifest_read
from classifier.training.data.split import held_apart
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.finish import remembered
from classifier.training.progress import Progress, progress_for_terminal


def memory_add(
    artefact: Artefact, rows: list[ManifestRow], *, work: Path, weights: Path, out: Path, progress: Progress
) -> Artefact:
    """The artefact with a memory of these rows, written to `out`. Raises as `remembered` does."""
    rows = held_apart([row for row in rows if row.exterior and row.make and row.model])
    recogniser = CachedRecogniser(artefact, memory=work, weights=weights, cache_dir=work / "ir")
    memory = remembered(recogniser, rows, before=None, progress=progress)
    seen = artefact.folder / SEEN_PHOTOS_FILE
    return artefact_write(
        parent=out, name=artefact.version.rpartition("-")[0], spec=artefact.spec, state_dict=artefact.state_dict(),
        seen_photos=seen.read_bytes() if seen.exists() else None, memory=memory.as_bytes(),
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Give an artefact a memory of the photos that it was trained on.")
    parser.add_argument("artefact", type=Path, metavar="FOLDER")
    parser.add_argument("--manifest", action="append", type=Path, required=True, help="what it was trained on")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is seen of the photos")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="the folder with detector/ and usable/")
    parser.add_argument("--out", type=Path, help="where the new version is written; default: beside the old one")
    given = parser.parse_args(arguments)
    progress = progress_for_terminal()
    try:
        rows = [row for manifest in given.manifest for row in manifest_read(manifest)]
        artefact = artefact_open(given.artefact)
        made = memory_add(
            artefact, rows, work=given.work, weights=given.weights, out=given.out or artefact.folder.parent,
            progress=progress,
        )  # fmt: skip
    except (ManifestError, ArtefactError, EngineError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{made.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
