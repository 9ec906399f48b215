"""Doorbells: no payload, safe to ring twice, late or never."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from marketplace.doorbell import ring
from marketplace.photos.heatmaps.services import DRAW_HEATMAPS, heatmaps_sweep
from marketplace.photos.heatmaps.worker import heatmaps_draw
from marketplace.photos.recognition.queue import RECOGNISE_PENDING, photos_sweep
from marketplace.photos.recognition.worker import recognise_waiting
from marketplace.photos.tidy import photos_tidy


# The time limit ends a decoder or driver that hangs. Opening a new version may take a minute or
# two.
@shared_task(name=RECOGNISE_PENDING, time_limit=300)
def recognise_pending() -> int:
    return recognise_waiting()


@shared_task(name=DRAW_HEATMAPS, time_limit=300)
def draw_heatmaps() -> int:
    return heatmaps_draw()


@shared_task(time_limit=300)
def sweep() -> dict[str, int]:
    return {**photos_sweep(), "heatmaps": heatmaps_sweep()}


@shared_task(time_limit=3600)
def tidy() -> dict[str, int]:
    return photos_tidy()


@worker_ready.connect
def wake(**_: Any) -> None:
    """A worker that starts opens its recogniser at once, and finds what waits already."""
    ring(RECOGNISE_PENDING)
