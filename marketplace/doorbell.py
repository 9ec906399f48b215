"""Rings a worker by task name: no payload, no upward import, and never a failed request when the broker is away."""

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from marketplace.celery import app

log = structlog.get_logger(__name__)


def ring(task_name: str) -> bool:
    """Send the doorbell; False (logged) when the broker is away, because the periodic sweep rings again."""
    try:
        app.send_task(task_name, retry=False, expires=300)
    except (OperationalError, OSError) as error:
        log.warning("doorbell_lost", task=task_name, error=str(error))
        return False
    return True


def ring_on_commit(task_name: str) -> None:
    """Ring once the rows that the worker will look for are there to be seen."""

    def ring_now() -> None:  # a plain function: Django 5.2's robust=True fails on a partial whose call raises
        ring(task_name)

    transaction.on_commit(ring_now)
