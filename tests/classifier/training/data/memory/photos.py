"""Rows, and what was seen of their photos, without a photo."""

import hashlib
from pathlib import Path

import numpy as np

from classifier.recognition import Sight
from classifier.taxonomy import Guess
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.memory.remembered import Memory

WIDTH = 6


def row(number, *, make="Audi", model="A4", split="train", source="lot", **more):
    return ManifestRow(
        path=Path(f"{source}/{number}.jpg"), file=f"{number}.jpg", make=make, model=model,
        vehicle=f"{source}/car-{number}", split="calibrate" if split == "val" else split, source=source, **more,
    )  # fmt: skip


def sight(features, status="ok"):
    if status != "ok":
        return Sight(status, kind="exterior" if status == "no_vehicle" else "interior", image_size=(640, 480))
    return Sight(
        "ok", kind="exterior", box=(10, 20, 110, 90), image_size=(640, 480), view=Guess("rear-left", 0.75),
        outputs=np.asarray(features, dtype=np.float32),
    )  # fmt: skip


def features_of(rows, seed=0):
    return np.random.default_rng(seed).gamma(0.3, 1.0, (len(rows), WIDTH)).astype(np.float32)


def digest(row):
    return hashlib.sha256(row.path.as_posix().encode()).hexdigest()


def remembered(rows, features=None, extractor="extractor") -> Memory:
    features = features_of(rows) if features is None else features
    nothing = Memory.nothing(extractor=extractor, width=features.shape[1])
    return nothing.extended(rows, map(sight, features), [digest(one) for one in rows])
