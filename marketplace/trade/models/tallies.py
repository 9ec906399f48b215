"""Counts behind the limits (marketplace.trade.limits)."""

from django.db import models


class Tally(models.Model):
    """How often somebody did something in one span of time."""

    who = models.CharField(max_length=60)
    what = models.CharField(max_length=20)
    begins_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = (models.UniqueConstraint(fields=["who", "what", "begins_at"], name="trade_tally_once"),)

    def __str__(self) -> str:
        return f"{self.who} {self.what}: {self.count}"
