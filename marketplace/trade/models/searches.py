"""Searches that people saved, to be told of new cars."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.mail_queue import QueuedMail

QUERY_LETTERS = 1000


def new_token() -> str:
    return secrets.token_urlsafe(24)


class SavedSearch(models.Model):
    """What somebody asked the browse page for, as its query string."""

    class Often(models.TextChoices):
        AT_ONCE = "at_once", _("as soon as a car comes")
        DAILY = "daily", _("once a day")
        WEEKLY = "weekly", _("once a week")
        NEVER = "never", _("no mails")

    EVERY = {  # noqa: RUF012  # a constant, not a field
        Often.AT_ONCE: timedelta(0), Often.DAILY: timedelta(days=1), Often.WEEKLY: timedelta(days=7),
    }  # fmt: skip

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches")
    query = models.CharField(max_length=QUERY_LETTERS, blank=True)
    often = models.CharField(max_length=7, choices=Often, default=Often.DAILY)
    # Whoever has it may end the mails without signing in; it stands in every one of them.
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(default=timezone.now, help_text="Cars that went on sale by then were told.")
    next_at = models.DateTimeField(default=timezone.now, help_text="When to look again.")

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name_plural = "saved searches"
        indexes = (models.Index(fields=["next_at"], condition=~Q(often="never"), name="trade_search_due"),)
        constraints = (models.UniqueConstraint(fields=["person", "query"], name="trade_search_once"),)

    def __str__(self) -> str:
        return f"{self.person_id}: ?{self.query}"


class SearchAlert(QueuedMail):
    """A mail about the cars of a search that went on sale after ``since``, up to ``until``."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="alerts")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="trade_alert_waiting"),)

    def __str__(self) -> str:
        return f"{self.search_id} until {self.until:%Y-%m-%d %H:%M}"
