"""The doorbell of review: a task without a payload, safe to ring twice, late or never."""

from celery import shared_task

from marketplace.moderation.labels import donations
from marketplace.moderation.policy import services


@shared_task(name="marketplace.moderation.tasks.review_submitted", time_limit=120)
def review_submitted() -> int:
    return services.review_submitted()


@shared_task(name="marketplace.moderation.tasks.donations_sweep", time_limit=120)
def donations_sweep() -> dict[str, int]:
    return donations.donations_sweep()
