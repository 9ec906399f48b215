"""The Celery app. Tasks carry no payload: they wake a worker, and the database holds the work."""

import os
from functools import cached_property

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")


class _Forecourt(Celery):
    @cached_property
    def Beat(self) -> type:  # noqa: N802  # Celery's name
        # Celery accepts a name here, its stub only a class.
        return self.subclass_with_self("marketplace.scheduler:StoppableBeat")  # type: ignore[arg-type]


app = _Forecourt("forecourt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
