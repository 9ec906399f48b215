"""The vectors of all photos of cars on sale, kept by each process, as the champion sees them.

The database stays the truth: they are read from the stored predictions at the first search, and
those of listings that changed are read again before every search (see listings.search.stock).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.photos.likeness.vectors import Vectors, packed, vectors_of
from marketplace.photos.models import Photo, Prediction
from marketplace.registry.models import ModelVersion

OVERLAP = timedelta(seconds=30)
"""How late a row may become visible after its ``updated_at``: a transaction commits after it."""
CHUNK = 5_000


class Kept:
    """One version's vectors. ``listings``: whose each of them is; 0: not on sale any more."""

    def __init__(self, version: ModelVersion) -> None:
        self.version = version
        self.vectors: Vectors = np.zeros((0, 0), np.uint8)
        self.listings = np.zeros(0, np.int64)
        self._applied: dict[int, datetime] = {}
        self._read_until = timezone.now()
        self._add(self._predictions(photo__listing__status__in=ON_SALE))

    def catch_up(self) -> None:
        """Read what changed since."""
        now, since = timezone.now(), self._read_until - OVERLAP
        rows = Listing.objects.filter(updated_at__gte=since).values_list("pk", "status", "updated_at")
        changed = {pk: (status, at) for pk, status, at in rows if self._applied.get(pk) != at}
        if changed:
            self.listings[np.isin(self.listings, list(changed))] = 0
            on_sale = [pk for pk, (status, _at) in changed.items() if status in ON_SALE]
            if on_sale:
                self._add(self._predictions(photo__listing__in=on_sale))
            if (self.listings == 0).sum() > len(self.listings) / 2:
                self.vectors, self.listings = self.vectors[self.listings > 0], self.listings[self.listings > 0]
        self._applied = {pk: at for pk, at in self._applied.items() if at >= now - 2 * OVERLAP}
        self._applied |= {pk: at for pk, (_status, at) in changed.items()}
        self._read_until = now

    def _predictions(self, **of: object) -> QuerySet[Prediction]:
        return Prediction.objects.filter(
            model_version=self.version, outcome=Photo.Outcome.OK, log_probs__isnull=False, **of
        )

    def _add(self, predictions: QuerySet[Prediction]) -> None:
        owners: list[int] = []
        parts: list[Vectors] = []
        batch: list[np.ndarray[tuple[int], np.dtype[np.float16]]] = []
        for owner, log_probs in predictions.values_list("photo__listing_id", "log_probs").iterator(chunk_size=CHUNK):
            if log_probs is None:
                continue  # the query leaves these out
            owners.append(owner)
            batch.append(np.frombuffer(bytes(log_probs), dtype="<f2"))
            if len(batch) == CHUNK:
                parts.append(packed(vectors_of(np.stack(batch))))
                batch = []
        if batch:
            parts.append(packed(vectors_of(np.stack(batch))))
        if parts:
            old = [self.vectors] if len(self.vectors) else []
            self.vectors = np.concatenate([*old, *parts])
            self.listings = np.concatenate([self.listings, np.array(owners, np.int64)])


@contextmanager
def vectors_now(version: ModelVersion) -> Iterator[Kept]:
    """The vectors as the database is now, for this thread alone; one query unless much changed."""
    global _kept  # noqa: PLW0603  # one per process
    with _lock:
        if _kept is None or _kept.version.pk != version.pk:
            _kept = Kept(version)
        else:
            _kept.catch_up()
        yield _kept


def vectors_forget() -> None:
    """For tests, which roll the database back."""
    global _kept  # noqa: PLW0603
    with _lock:
        _kept = None


_kept: Kept | None = None
_lock = RLock()
