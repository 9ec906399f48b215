"""What a second moderator says of a decision without knowing it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing


class Opinion(models.Model):
    """One car asked again. It changes no listing: where two disagree, a third moderator decides."""

    class Kind(models.TextChoices):
        SECOND = "second", "second opinion"
        GOLD = "gold", "settled case"

    kind = models.CharField(max_length=6, choices=Kind)
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="opinions")
    first = models.ForeignKey(
        "moderation.Decision", on_delete=models.PROTECT, related_name="opinions",
        help_text="The decision that is asked about; of a gold item the one that settled it.",
    )  # fmt: skip
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="opinions",
        help_text="Who is asked now, or has answered.",
    )  # fmt: skip
    held_until = models.DateTimeField(null=True, blank=True)
    # The answer, as a decision's.
    action = models.CharField(max_length=8, blank=True, help_text="Of Decision.Action; empty: not answered.")
    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seconds = models.FloatField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, db_index=True)
    agrees = models.BooleanField(null=True, blank=True, help_text="With the first; empty: could not tell.")
    settled_by = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="settles",
        help_text="What a third moderator decided where the two disagree.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["first"], condition=Q(kind="second"), name="opinion_second_once"),
            models.UniqueConstraint(
                fields=["first", "moderator"], condition=Q(kind="gold"), name="opinion_gold_once_each"
            ),
            models.CheckConstraint(
                condition=Q(action="", answered_at=None, agrees=None) | (~Q(action="") & Q(answered_at__isnull=False)),
                name="opinion_answered_or_not",
            ),
        )

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.get_kind_display()}"
