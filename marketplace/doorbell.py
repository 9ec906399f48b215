"""Wakes a worker by task name: without a payload and without an import from a higher layer.

No request fails because the broker is unavailable.
"""

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from marketplace.celery import app

log = structlog.get_logger(__name__)


def ring(task_name: str) -> bool:
    """Send the task. Returns False if the broker is unavailable.

    That is only logged, because the periodic sweep rings again.
    """
    try:
        app.send_task(task_name, retry=False, expires=300)
    except (OperationalError, OSError) as error:
        log.warning("doorbell_lost", task=task_name, error=str(error))
        return False
    return True


def ring_on_commit(task_name: str) -> None:
    """Ring after the commit, when the worker can see the rows that it will look for."""

    # Not a partial: Django 5.2's robust=True fails on a partial that raises.
    def ring_now() -> None:
        ring(task_name)

    transaction.on_commit(ring_now)
