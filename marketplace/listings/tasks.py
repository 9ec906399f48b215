"""What time does to listings: a task without payload, safe to run twice, late or never."""

from celery import shared_task

from marketplace.listings.life.services import listings_sweep


@shared_task(time_limit=300)
def sweep() -> dict[str, int]:
    return listings_sweep()
