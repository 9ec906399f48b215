"""What people report to the moderators, and who may write no more."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing
from marketplace.text_fields import ParagraphsField
from marketplace.trade.models.threads import Message


class Report(models.Model):
    """Somebody says that something is wrong with a listing or a message."""

    class Reason(models.TextChoices):
        FRAUD = "fraud", _("It looks like fraud")
        SOLD = "sold", _("The car is sold or does not exist")
        WRONG = "wrong", _("The details or the price are wrong")
        PHOTOS = "photos", _("The photos are of another car, or stolen")
        INSULT = "insult", _("It insults or threatens")
        SPAM = "spam", _("It is advertising for something else")
        ILLEGAL = "illegal", _("It breaks the law")
        OTHER = "other", _("Something else")

    class Status(models.TextChoices):
        OPEN = "open", _("waiting")
        KEPT = "kept", _("nothing wrong")
        ACTED = "acted", _("acted upon")

    OF_LISTINGS: ClassVar = (
        Reason.FRAUD, Reason.SOLD, Reason.WRONG, Reason.PHOTOS, Reason.SPAM, Reason.ILLEGAL, Reason.OTHER,
    )  # fmt: skip
    OF_MESSAGES: ClassVar = (Reason.FRAUD, Reason.INSULT, Reason.SPAM, Reason.ILLEGAL, Reason.OTHER)

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, null=True, blank=True, related_name="reports")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="reports")
    # None: a visitor without an account, or somebody whose account is gone.
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    reason = models.CharField(max_length=8, choices=Reason)
    words = ParagraphsField(max_length=1000, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    status = models.CharField(max_length=5, choices=Status, default=Status.OPEN)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "pk")
        indexes = (models.Index(fields=["created_at", "id"], condition=Q(status="open"), name="trade_report_queue"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(listing__isnull=False, message__isnull=True)
                | Q(listing__isnull=True, message__isnull=False),
                name="trade_report_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["listing", "reporter"], condition=Q(status="open"), name="trade_report_listing_once"
            ),
            models.UniqueConstraint(
                fields=["message", "reporter"], condition=Q(status="open"), name="trade_report_message_once"
            ),
            models.CheckConstraint(
                condition=Q(status="open", settled_at__isnull=True) | (~Q(status="open") & Q(settled_at__isnull=False)),
                name="trade_report_settled_at_some_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.get_status_display()})"


class WritingBan(models.Model):
    """A moderator decided that somebody may write no more messages. Staff lift it by deletion."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="writing_ban")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.person_id}"
