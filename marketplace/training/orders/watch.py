"""Notices trainings whose process was killed, within a minute, and orders that nobody took."""

from datetime import timedelta

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.doorbell import ring
from marketplace.training.models import TrainingOrder, TrainingRun
from marketplace.training.orders.services import TRAIN, Status, order_end
from marketplace.training.runs.records import RunClosed, run_end, training_lock
from marketplace.training.runs.rows import RetrainRefused

log = structlog.get_logger(__name__)

# Every sign of life is ten seconds old at most; this task comes every fifteen.
SILENT = timedelta(seconds=30)
# Of a process that still holds the lock: a machine that lost its power gives it back late.
LOST = timedelta(minutes=3)


def trainings_watch() -> None:
    """Close what is dead; ring for what waits."""
    _runs_watch()
    now = timezone.now()
    for order in TrainingOrder.objects.filter(status=Status.RUNNING, alive_at__lt=now - SILENT):
        order_end(order=order, status=Status.FAILED, error=_("Its worker was ended on the way. Start it again."))
    if TrainingOrder.objects.filter(status=Status.WAITING).exists():
        ring(TRAIN)


def _runs_watch() -> None:
    now = timezone.now()
    running = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING)
    silent = running.filter(alive_at__lt=now - SILENT).first()
    if silent is None:
        return
    try:
        with training_lock():  # the lock is free: its process is gone, and this closes its row
            return
    except RetrainRefused:
        pass
    if silent.alive_at is not None and silent.alive_at < now - LOST:
        words = f"No sign of life since {silent.alive_at:%Y-%m-%d %H:%M} UTC."
        try:
            run_end(run=silent, status=TrainingRun.Status.FAILED, error=words)
        except RunClosed:
            log.info("trainingrun_ended_meanwhile", run=silent.pk)
