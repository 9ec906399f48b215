"""Celery's scheduler process, made safe to stop while it starts."""

from typing import Any

from celery.apps.beat import Beat


class StoppableBeat(Beat):
    """Builds its scheduler before it installs its signal handler.

    Celery installs the handler first and builds the scheduler, which the handler closes, on first
    use. A SIGTERM in between would build it a second time inside the first build, from
    half-imported modules, and end in a traceback. Until the handler is installed, a signal simply
    ends the process, which holds nothing worth saving.
    """

    def install_sync_handler(self, service: Any) -> None:
        service.scheduler  # noqa: B018  # a cached property: this builds it
        super().install_sync_handler(service)
