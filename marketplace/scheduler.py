"""Celery's scheduler process, made safe to stop at any moment of its start."""

from typing import Any

from celery.apps.beat import Beat


class StoppableBeat(Beat):
    """Builds its scheduler before it listens to signals.

    Celery's handler closes the scheduler, which Celery builds only afterwards: a SIGTERM meanwhile would build it a
    second time inside the first, out of half-imported modules, and end in a traceback. Until the handler stands, a
    signal simply ends the process, which holds nothing worth saving.
    """

    def install_sync_handler(self, service: Any) -> None:
        service.scheduler  # noqa: B018  # a cached property
        super().install_sync_handler(service)
