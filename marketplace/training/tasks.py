"""Doorbells: tasks without a payload, safe to ring twice, late or never."""

from celery import shared_task

from marketplace.registry.services import RERECOGNISE
from marketplace.training.orders.services import TRAIN
from marketplace.training.orders.watch import trainings_watch
from marketplace.training.orders.worker import orders_work_off
from marketplace.training.rerecognition.services import rerecognitions_sweep
from marketplace.training.rerecognition.worker import rerecognise_waiting


@shared_task(name=RERECOGNISE, time_limit=300)
def rerecognise() -> int:
    return rerecognise_waiting()


@shared_task(time_limit=300)
def rerecognise_sweep() -> bool:
    return rerecognitions_sweep()


@shared_task(name=TRAIN)  # without a time limit: each order has its own
def train() -> int:
    return orders_work_off()


@shared_task(time_limit=60)
def watch() -> None:
    trainings_watch()
