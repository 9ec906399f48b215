"""Counts what becomes of uploads, for /metrics."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from prometheus_client import Counter

from marketplace.photos.ingest import PhotoRejected
from marketplace.photos.models import Photo

P = ParamSpec("P")

taken = Counter("forecourt_uploads_taken", "Uploads that became a photo, or were one already.")
rejected = Counter("forecourt_uploads_rejected", "Uploads that were refused.", ["reason"])


def uploads_counted(add: Callable[P, Photo]) -> Callable[P, Photo]:
    """Decorates what makes a photo of an upload."""

    @wraps(add)
    def counting(*words: P.args, **named: P.kwargs) -> Photo:
        try:
            photo = add(*words, **named)
        except PhotoRejected as why:
            rejected.labels(why.reason_code).inc()
            raise
        taken.inc()
        return photo

    return counting
