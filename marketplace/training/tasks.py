"""Doorbells: tasks without a payload, safe to ring twice, late or never."""

from celery import shared_task

from marketplace.registry.services import RERECOGNISE
from marketplace.training.rerecognition.services import rerecognitions_sweep
from marketplace.training.rerecognition.worker import rerecognise_waiting


@shared_task(name=RERECOGNISE, time_limit=300)
def rerecognise() -> int:
    return rerecognise_waiting()


@shared_task(time_limit=300)
def rerecognise_sweep() -> bool:
    return rerecognitions_sweep()
