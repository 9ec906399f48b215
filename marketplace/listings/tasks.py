"""What time does to listings, and mails about it: safe to run twice, late or never."""

from celery import shared_task

from marketplace.listings.life.mails import SEND_MAILS, mails_send
from marketplace.listings.life.services import listings_sweep


@shared_task(time_limit=300)
def sweep() -> dict[str, int]:
    return listings_sweep()


@shared_task(name=SEND_MAILS, time_limit=600)
def send_mails() -> int:
    return mails_send()
