"""Sums offered for a car."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.listings.limits import PRICE
from marketplace.listings.models import Listing
from marketplace.trade.models.threads import Side, Thread


class Offer(models.Model):
    """A sum that one side of a thread offers, in the currency that the listing had then."""

    class Status(models.TextChoices):
        OPEN = "open", _("waiting for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        COUNTERED = "countered", _("answered with another sum")
        WITHDRAWN = "withdrawn", _("withdrawn")

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="offers")
    by = models.CharField(max_length=6, choices=Side)
    price = models.DecimalField(max_digits=12, decimal_places=2, validators=PRICE)
    currency = models.CharField(max_length=3, choices=Listing.Currency)
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            # At most one waits in a thread: a new one withdraws or answers the one before.
            models.UniqueConstraint(fields=["thread"], condition=Q(status="open"), name="trade_offer_one_open"),
            models.CheckConstraint(condition=Q(price__gt=0), name="trade_offer_of_something"),
            models.CheckConstraint(condition=Q(by__in=Side.values), name="trade_offer_side_known"),
            models.CheckConstraint(
                condition=Q(status="open", settled_at__isnull=True) | (~Q(status="open") & Q(settled_at__isnull=False)),
                name="trade_offer_settled_at_some_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.thread_id}: {self.price} {self.currency}, {self.get_status_display()}"
