"""How many photos taught a version each of its cars: by the memory in its artefact."""

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors import safe_open

from classifier.artefact import MEMORY_FILE
from classifier.names import name_key
from marketplace.registry.models import ModelVersion

TRAIN = 0
"""The place of "train" among the memory's splits."""


def photos_taught(version: ModelVersion) -> Counter[tuple[str, str]] | None:
    """By the keys of make and model; None if the version remembers nothing."""
    return _counted(version.folder)


@lru_cache(maxsize=2)
def _counted(folder: Path) -> Counter[tuple[str, str]] | None:
    path = folder / MEMORY_FILE
    if not path.exists():
        return None
    with safe_open(path, "np") as file:  # reads these two columns, not the features
        cars = json.loads(file.metadata()["about"])["cars"]
        taught = file.get_tensor("car")[file.get_tensor("split") == TRAIN]
    counts = np.bincount(taught, minlength=len(cars))
    found: Counter[tuple[str, str]] = Counter()
    for (make, model, _year), count in zip(cars, counts.tolist(), strict=True):
        found[name_key(make), name_key(model)] += count
    return found
