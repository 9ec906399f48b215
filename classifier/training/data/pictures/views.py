"""From which side each photo of a training shows its car, and how often a photo is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import Artefact
from classifier.attributes import VIEWS, AttributeClassifier
from classifier.engines import engine_choose, engine_open
from classifier.photo_temperature import view_group
from classifier.preprocess import to_input
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.pictures.content_cache import ContentCache
from classifier.training.data.pictures.crops import CropCache
from classifier.training.progress import Progress

CACHE_FILE = "views.sqlite3"
BATCH = 64


def views_of(
    rows: Sequence[ManifestRow], *, attributes: Artefact, work_dir: Path, engine_cache: Path, progress: Progress
) -> list[str]:
    """One of VIEWS per row: as its manifest says, else as the attribute classifier sees it.

    "" where the photo cannot be read or is not seen from outside. What was seen is kept by the
    photos' content. Raises EngineError, OSError, TrainError.
    """
    said = [row.view if row.view in VIEWS else "" for row in rows]
    asked = [at for at, view in enumerate(said) if not view]
    if not asked:
        return said
    preprocessing = attributes.spec.preprocessing
    cache = CropCache(work_dir, detector=None, rule=preprocessing.crop, side=preprocessing.input_size)
    crops = cache.crops([rows[at] for at in asked], progress)
    kept = ContentCache(work_dir / CACHE_FILE)
    kind = f"views {attributes.version} {engine_choose('auto', 'auto')}"
    known = {digest: value.decode() for digest, value in kept.get(kind, [d for d in crops.digests if d]).items()}
    place = {d: at for d, at in zip(crops.digests, crops.index, strict=True) if d and at >= 0 and d not in known}
    new = list(place)
    if new:
        chosen, device = engine_choose("auto", "auto")
        engine = engine_open(attributes, engine=chosen, device=device, cache_dir=engine_cache)
        classifier = AttributeClassifier(engine, attributes.spec)
        starts = range(0, len(new), BATCH)
        for start in progress.track(starts, total=len(starts), what="views"):
            digests = new[start : start + BATCH]
            seen = classifier.kinds([to_input(crops.picture(place[digest]), preprocessing) for digest in digests])
            found = {d: one.view.name if one.view else "" for d, one in zip(digests, seen, strict=True)}
            kept.put(kind, {digest: view.encode() for digest, view in found.items()})
            known |= found
    for at, digest in zip(asked, crops.digests, strict=True):
        said[at] = known.get(digest, "")
    return said


def draw_shares(
    sources: Sequence[str], views: Sequence[str], *, source_balance: float, view_balance: float
) -> NDArray[np.float64]:
    """(N,): how often each photo is drawn, 1 in all.

    Of n photos alike, n ** -balance each: see Recipe. views: one of VIEWS or "" per photo.
    """
    groups = [view_group(view) for view in views]
    of_source, of_view = Counter(sources), Counter(groups)
    shares = np.asarray(
        [
            of_source[source] ** -source_balance * (of_view[group] ** -view_balance if group else 1.0)
            for source, group in zip(sources, groups, strict=True)
        ]
    )
    unknown = np.asarray([not group for group in groups])
    if view_balance and unknown.any() and not unknown.all():  # no view: as often as the others on average
        plain = np.asarray([of_source[source] ** -source_balance for source in sources])
        shares[unknown] = plain[unknown] * (shares[~unknown] / plain[~unknown]).mean()
    return np.asarray(shares / shares.sum(), dtype=np.float64)
