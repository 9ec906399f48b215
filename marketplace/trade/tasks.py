"""Mails about messages, and tidying: safe to run twice, late or never."""

from celery import shared_task

from marketplace.trade.limits import tallies_tidy
from marketplace.trade.messages.mails import notices_send
from marketplace.trade.messages.services import threads_tidy


@shared_task(time_limit=600)
def send_mails() -> int:
    return notices_send()


@shared_task(time_limit=300)
def sweep() -> dict[str, int]:
    return {"tallies": tallies_tidy(), "threads": threads_tidy()}
