"""Mails, saved searches, and tidying: safe to run twice, late or never."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from marketplace.trade.limits import tallies_tidy
from marketplace.trade.messages.mails import notices_send
from marketplace.trade.messages.services import threads_tidy
from marketplace.trade.searches.mails import alerts_send
from marketplace.trade.searches.services import searches_look


@shared_task(time_limit=600)
def send_mails() -> int:
    return notices_send() + alerts_send()


@shared_task(time_limit=300)
def sweep() -> dict[str, int]:
    SessionStore.clear_expired()  # nobody else does, and visitors' sessions would stay for ever
    return {"alerts": searches_look(), "tallies": tallies_tidy(), "threads": threads_tidy()}
