"""Progress that also stands in the run's row, for people who follow a run in the admin."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import structlog
from django.db import OperationalError
from django.utils import timezone

from classifier.training.progress import Progress
from marketplace.training.models import TrainingRun

log = structlog.get_logger(__name__)

SECONDS = 5
"""The row is written this often at most."""
T = TypeVar("T")


class RunProgress:
    """Passes everything on to another Progress, and every few seconds writes it into the row."""

    def __init__(self, inner: Progress, run: TrainingRun) -> None:
        self._inner, self._run = inner, run
        self._written = float("-inf")
        self._note = ""
        self._curve: list[dict[str, object]] = []

    def track(self, items: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """See Progress.track."""
        self._note = ""  # the last note was about another task
        for number, item in enumerate(self._inner.track(items, total=total, what=what)):
            self._write(f"{what}: {number} of {total} {self._note}")
            yield item

    def note(self, text: str) -> None:
        """See Progress.note."""
        self._note = text
        self._inner.note(text)

    def say(self, text: str) -> None:
        """See Progress.say."""
        self._write(text)
        self._inner.say(text)

    def measured(self, figures: Mapping[str, object]) -> None:
        """See Progress.measured. The curve grows on the run's page while it trains."""
        self._curve.append(dict(figures))
        self._update(curve=self._curve)
        self._inner.measured(figures)

    def _write(self, text: str) -> None:
        if time.monotonic() - self._written < SECONDS:
            return
        self._written = time.monotonic()
        self._update(progress=text.strip()[:300])

    def _update(self, **values: Any) -> None:
        try:
            TrainingRun.objects.filter(pk=self._run.pk).update(alive_at=timezone.now(), **values)
        except OperationalError as error:  # locked or briefly away: no reason to lose hours of training
            log.warning("run_progress_not_written", run=self._run.pk, error=str(error))
