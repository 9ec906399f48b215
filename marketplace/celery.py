"""The Celery app. Tasks are doorbells without payload: the database is the truth."""

import os
from functools import cached_property

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")


class _Forecourt(Celery):
    @cached_property
    def Beat(self) -> type:  # noqa: N802  # Celery's name
        return self.subclass_with_self("marketplace.scheduler:StoppableBeat")  # type: ignore[arg-type]  # the stub knows no names


app = _Forecourt("forecourt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
