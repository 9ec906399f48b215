"""Keeps one stock per process as the database says: read once, then caught up before each use."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.listings.search.names import Names, names_now
from marketplace.listings.search.stock.columns import VALUES, Stock

OVERLAP = timedelta(seconds=30)
"""How late a row may become visible after its ``updated_at``: a transaction commits after it."""
MANY = 5_000  # rows that changed at once, as by a new rate: they are not read again for OVERLAP
CHUNK = 20_000


class _Kept:
    """The process's stock, and up to which moment it has followed the database."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.stock = Stock(names, room=1024)
        self.applied: dict[int, datetime] = {}
        """When the listings of the last OVERLAP were changed: those need no second reading."""
        self.read_until = timezone.now()
        self.floor = self.read_until - OVERLAP
        for row in _rows(Listing.objects.filter(status__in=ON_SALE).order_by("pk")):
            self.stock.put(row[2:])

    def catch_up(self) -> None:
        """Read what changed since; changes of the last moments may have been invisible then."""
        now = timezone.now()
        since = max(self.floor, self.read_until - OVERLAP)
        rows = [
            row
            for row in _rows(Listing.objects.filter(updated_at__gte=since).order_by("updated_at", "pk"))
            if self.applied.get(row[2]) != row[1]
        ]
        for row in rows:
            if row[0] in ON_SALE:
                self.stock.put(row[2:])
            else:
                self.stock.drop([row[2]])
        if len(rows) > MANY:
            self.floor = rows[-1][1]
        recent = now - 2 * OVERLAP
        self.applied = {pk: at for pk, at in self.applied.items() if at > recent} | {row[2]: row[1] for row in rows}
        self.read_until = now


def _rows(listings: QuerySet[Listing]) -> Iterator[tuple[Any, ...]]:
    return listings.values_list("status", "updated_at", *VALUES).iterator(chunk_size=CHUNK)


@contextmanager
def stock_now() -> Iterator[Stock]:
    """The stock as the database is now, for this thread alone; two queries unless much changed."""
    global _kept  # noqa: PLW0603  # one per process
    names = names_now()
    with _lock:
        if _kept is None or _kept.names is not names:  # a new alias may move cars to another make
            _kept = _Kept(names)
        else:
            _kept.catch_up()
        yield _kept.stock


def stock_forget() -> None:
    """For tests, which roll the database back."""
    global _kept  # noqa: PLW0603
    with _lock:
        _kept = None


_kept: _Kept | None = None
_lock = RLock()
