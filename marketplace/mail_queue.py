"""Mails that wait in the database until a worker of the queue "mail" has sent them.

The database is the truth here, too: a row waits until it is sent. A crash right after sending may
send it twice, never not at all. Each app has a table of its own, made from ``QueuedMail``.
"""

from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any, TypeVar

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import models
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

log = structlog.get_logger(__name__)

AT_ONCE = 200
ATTEMPTS = 12
RETRY_AFTER = timedelta(minutes=10)
"""Times the attempts so far: together more than twelve hours."""

WAITING = Q(sent_at=None)


class QueuedMail(models.Model):
    """What every waiting mail has; afterwards its row stays as the record of it."""

    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


Mail = TypeVar("Mail", bound=QueuedMail)


def queue_send(
    mails: QuerySet[Mail],
    *,
    is_needless: Callable[[Mail], bool],
    message_of: Callable[[Mail], EmailMultiAlternatives],
    language_of: Callable[[Mail], str],
) -> int:
    """Send those of ``mails`` that wait and are due; returns how many. Safe to run twice at once.

    is_needless: whether there is nobody to tell any more, or it is true no more. language_of: the
    language of whoever gets it, in which ``message_of`` is called: words, dates and sums follow it.
    """
    sent = 0
    due = mails.filter(WAITING, attempts__lt=ATTEMPTS, next_try_at__lte=timezone.now())
    for mail in due.order_by("pk")[:AT_ONCE]:
        if not _claimed(mail):
            continue  # another worker sends it
        if is_needless(mail):
            mail.delete()
            continue
        try:
            with translation.override(language_of(mail)):
                message = message_of(mail)
            message.send()
        except SMTPRecipientsRefused as error:
            log.warning("mail_refused", table=mail._meta.label, mail=mail.pk, error=str(error))
            continue
        except OSError as error:  # SMTP's errors are among them
            log.warning("mail_not_sent", table=mail._meta.label, mail=mail.pk, error=str(error))
            break  # the others would wait for the same silent server
        _same(mail).update(sent_at=timezone.now())
        sent += 1
    return sent


def mail_message(
    *, template: str, subject: str, to: str, context: dict[str, Any], headers: dict[str, str] | None = None
) -> EmailMultiAlternatives:
    """A mail from a pair of templates, ``<template>.txt`` and ``<template>.html``."""
    # What somebody searched for or called a car stands in it. A line break there would be refused
    # when the mail is sent, and hold up all mails behind it.
    subject = " ".join(subject.splitlines()).strip()  # a line break would begin a header
    context = {**context, "subject": subject}
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"{template}.txt", context),
        to=[to],
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
    )
    message.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return message


def _claimed(mail: QueuedMail) -> bool:
    """Whether this process sends the mail. Others try again only if it does not say that it did."""
    later = timezone.now() + RETRY_AFTER * (mail.attempts + 1)
    claim = _same(mail).filter(WAITING, attempts=mail.attempts)
    return claim.update(attempts=F("attempts") + 1, next_try_at=later) == 1


def _same(mail: QueuedMail) -> QuerySet[Any]:
    return type(mail)._default_manager.filter(pk=mail.pk)
