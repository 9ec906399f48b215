"""The photos that the starter is trained on, as clean manifests: one folder a source.

`python -m classifier.training.tools.starter_photos --photos $CAR_PHOTOS --out work/photos --work
work`

Dealers' photos are split by country, because a source is what can be left out, balanced and judged
apart, and one yard's background is not another's. Splits are written down (split.settled), photos
that cannot be learned from are left out and named (cleaning), and photos without a car's name stay,
for the attribute classifier. No photo is copied.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from classifier.artefact import artefact_only
from classifier.recognise import WEIGHTS
from classifier.training.data.cleaning.clean import clean
from classifier.training.data.cleaning.photo_facts import FactsCache, attribute_classifier_lazy
from classifier.training.data.manifest import ManifestRow, manifest_read, manifest_write
from classifier.training.data.split import settled
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.recipe import Recipe, recipe_load

FOLDERS = ("stanford_cars", "advertisements", "large_photos", "dealers", "negatives")
_COUNTRY = re.compile(r"\bdl-([a-z]{2})-")
"""In the vehicle ids of dealers' photos."""


def source_of(row: ManifestRow) -> str:
    """The row's source: its folder, of dealers also the country."""
    country = _COUNTRY.search(row.vehicle)
    return f"{row.source}-{country[1]}" if country and row.source == "dealers" else row.source


def starter_rows(photos: Path) -> list[ManifestRow]:
    """All labelled photos in the folders that are there. Raises ManifestError."""
    rows = [row for name in FOLDERS if (photos / name).is_dir() for row in manifest_read(photos / name)]
    return [replace(settled(row), source=source_of(row)) for row in rows]


def starter_clean(
    rows: Sequence[ManifestRow], *, work: Path, recipe: Recipe, progress: Progress, weights: Path = WEIGHTS
) -> list[ManifestRow]:
    """The rows without exteriors of named cars that clean leaves out; all others stay."""
    attributes = attribute_classifier_lazy(artefact_only(weights / "usable"), cache_dir=work / "ir")
    kept = clean(rows, facts=FactsCache(work, attributes=attributes), recipe=recipe, progress=progress).rows
    good = {row.path for row in kept}
    return [row for row in rows if row.path in good or not (row.exterior and row.make and row.model)]


def manifests_write(rows: Sequence[ManifestRow], out: Path) -> dict[str, int]:
    """Write `out/<source>/manifest.csv` for each source; returns how many photos each names."""
    by_source: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    return {source: manifest_write(out / source / "manifest.csv", some) for source, some in sorted(by_source.items())}


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write clean manifests of the starter's photos, one per source.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="caches")
    parser.add_argument("--recipe", default="starter")
    given = parser.parse_args(arguments)
    if given.photos is None:
        parser.error("--photos or CAR_PHOTOS is needed")
    rows = starter_clean(
        starter_rows(Path(given.photos)), work=given.work, recipe=recipe_load(given.recipe),
        progress=progress_for_terminal(),
    )  # fmt: skip
    for source, count in manifests_write(rows, given.out).items():
        sys.stdout.write(f"{given.out / source}: {count} photos\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
