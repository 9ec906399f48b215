"""The product's own figures for Prometheus: queues, recognitions, latencies, what forms filled in.

Read from the database when they are asked for: so they are of all machines, and right after a
restart. Uploads are counted where they arrive (photos.upload_figures).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.apps import apps
from django.core.cache import cache
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketplace.listings.models import Listing
from marketplace.listings.verdicts import model_sure
from marketplace.mail_queue import ATTEMPTS, WAITING, QueuedMail
from marketplace.photos.models import Heatmap, Photo, Prediction
from marketplace.training.models import SecondLook, TrainingRun

NEWEST = 500
"""So many of the newest recognitions and listings make the latencies and shares."""
RECENT = timedelta(days=30)
KEEP_SECONDS = 15
"""Several scrapers, or a nervous one, cost no more than one."""
KEY = "forecourt-figures"
Waiting = tuple[int, datetime | None]
"""How many, and since when the oldest of them waits."""


def figures_text() -> bytes:
    """All of them in Prometheus' format."""
    kept: bytes | None = cache.get(KEY)
    if kept is None:
        registry = CollectorRegistry()
        registry.register(_Figures())
        kept = generate_latest(registry)
        cache.set(KEY, kept, KEEP_SECONDS)
    return kept


class _Figures(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from _queues()
        yield _recognitions()
        yield _latencies()
        yield _filled_in()


def _queues() -> Iterator[Metric]:
    depth = GaugeMetricFamily("forecourt_queue_depth", "What waits or is being worked on.", labels=["queue"])
    age = GaugeMetricFamily("forecourt_queue_oldest_seconds", "Since when the oldest of it waits.", labels=["queue"])
    now = timezone.now()
    for queue, (count, oldest) in _waiting().items():
        depth.add_metric([queue], count)
        age.add_metric([queue], max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
    yield depth
    yield age


def _waiting() -> dict[str, Waiting]:
    """How much, and since when, by queue."""
    photos = Photo.objects.filter(status__in=(Photo.Status.PENDING, Photo.Status.CLAIMED))
    looks = SecondLook.objects.filter(status=SecondLook.Status.PENDING)
    maps = Heatmap.objects.filter(status=Heatmap.Status.PENDING)
    runs = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING)
    return {
        "recognise": _counted(photos, "created_at"),
        "look-again": _both(_counted(looks, "rerecognition__created_at"), _counted(maps, "created_at")),
        "mail": _both(*(_counted(mails, "created_at") for mails in _mails())),
        "train": _counted(runs, "started_at"),
    }


def _mails() -> Iterator[Any]:
    """Those that are still tried, of every app."""
    for model in apps.get_models():
        if issubclass(model, QueuedMail):
            yield model._default_manager.filter(WAITING, attempts__lt=ATTEMPTS)


def _both(*counts: Waiting) -> Waiting:
    """Several tables that one queue works off."""
    return sum(count for count, _ in counts), min((oldest for _, oldest in counts if oldest), default=None)


def _counted(rows: Any, since: str) -> Waiting:
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min(since))
    return found["count"], found["oldest"]


def _recognitions() -> Metric:
    made = GaugeMetricFamily(
        "forecourt_recognitions", "Stored recognitions by outcome and model version.", labels=["outcome", "version"]
    )
    counts = Prediction.objects.order_by().values_list("outcome", "model_version__version").annotate(Count("pk"))
    for outcome, version, count in counts:
        made.add_metric([outcome, version], count)
    return made


def _latencies() -> Metric:
    told = GaugeMetricFamily(
        "forecourt_stage_milliseconds", f"Of the newest {NEWEST} recognitions.", labels=["stage", "quantile"]
    )
    stages: dict[str, list[float]] = defaultdict(list)
    for timings in Prediction.objects.order_by("-pk").values_list("timings_ms", flat=True)[:NEWEST]:
        for stage, value in timings.items():
            stages[stage].append(value)
    for stage, values in sorted(stages.items()):
        for quantile in (0.5, 0.95):
            told.add_metric([stage, str(quantile)], float(np.quantile(values, quantile)))
    return told


def _filled_in() -> Metric:
    """Of submitted listings, what became of the model that the photos were sure of.

    none: they were not. kept: it stands as filled in. confirmed: the seller named the same.
    overridden: the seller named another one.
    """
    shown = GaugeMetricFamily(
        "forecourt_autofill", f"The newest {NEWEST} listings submitted within 30 days.", labels=["result"]
    )
    listings = Listing.objects.filter(submitted_at__gt=timezone.now() - RECENT).select_related("car_model")
    counts = Counter(_result(one) for one in listings.order_by("-submitted_at")[:NEWEST])
    for result in ("none", "kept", "confirmed", "overridden"):
        shown.add_metric([result], counts[result])
    return shown


def _result(listing: Listing) -> str:
    if listing.verdict is None or not model_sure(listing.verdict):
        return "none"
    if "car_model" in listing.autofilled:
        return "kept"
    return "overridden" if listing.contradiction else "confirmed"
