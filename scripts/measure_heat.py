"""How long the worker draws a heat map: wall-clock and processor seconds for each photo.

`python scripts/measure_heat.py PHOTOS [--photos 10]`
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

import django

django.setup()

from django.conf import settings

from classifier.artefact import artefact_only
from classifier.explain import NothingToExplainError, heat_map
from classifier.folder import photos_in
from classifier.recognise import NoCropError, Recogniser
from marketplace.photos.heatmaps.worker import heat_png


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the worker draws a heat map.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=10)
    asked = parser.parse_args()
    weights = Path(settings.STARTER_WEIGHTS_DIR)
    recogniser = Recogniser.open(
        classifier=artefact_only(weights / "classifier").folder, weights=weights, engine=settings.RECOGNISER_ENGINE,
        device=settings.RECOGNISER_DEVICE, cache_dir=Path(settings.ENGINE_CACHE_DIR),
    )  # fmt: skip
    walls, cpus = [], []
    for path in photos_in(asked.folder):
        content = path.read_bytes()
        began, busy = time.perf_counter(), time.process_time()
        try:
            heat_png(heat_map(recogniser, content))
        except (NoCropError, NothingToExplainError):
            continue
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - busy)
        if len(walls) > asked.photos:
            break
    walls, cpus = walls[1:], cpus[1:]  # the first one warms up
    print(f"{len(walls)} photos: {statistics.median(walls):.2f} s each, at most {max(walls):.2f} s")
    print(f"processor: {statistics.median(cpus):.2f} s each, at most {max(cpus):.2f} s")


if __name__ == "__main__":
    main()
