"""What goes live without a person: versions of the rules, and the sample that people check."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from marketplace.catalogue.models import Make
from marketplace.listings.models import Listing
from marketplace.moderation.roles import Role

SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))
AUDIT_SHARE = 0.05


class PolicyVersion(models.Model):
    """One set of rules; the newest holds. A change is a new version, so rows never change."""

    active = models.BooleanField("approves by itself", default=True, help_text="Otherwise people see every listing.")
    threshold = models.FloatField(
        null=True, blank=True, validators=SHARE,
        help_text="Least confidence in the model, from 0 to 1. Never less than the champion's measured threshold; "
        "empty: exactly that.",
    )  # fmt: skip
    filled_threshold = models.FloatField(
        null=True, blank=True, validators=SHARE,
        help_text="The same where the photos filled in the car and its seller did not touch it. Empty: a person looks.",
    )  # fmt: skip
    seller_cars = models.PositiveSmallIntegerField(
        default=1, help_text="Whoever had fewer cars approved is a new seller."
    )
    hold_on = models.JSONField(
        default=list, blank=True, help_text="Codes of the reasons for which a person looks, see moderation.reasons."
    )
    audit_share = models.FloatField(
        default=AUDIT_SHARE, validators=SHARE,
        help_text="Share of what goes live by itself that a person checks afterwards. Error rates come from it.",
    )  # fmt: skip
    note = models.CharField(max_length=200, help_text="What changed, and why.")
    # Nobody for the first one, and once the account is gone; as what they set it stays.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    role = models.CharField(max_length=9, choices=Role, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(audit_share__range=(0, 1)), name="policy_audit_share_is_one"),
        )

    def __str__(self) -> str:
        return f"{self.pk}: {self.note}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ValidationError("A policy that approved something is kept.")


class PolicyMake(models.Model):
    """A make that needs more confidence than others."""

    policy = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="makes")
    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="+")
    threshold = models.FloatField(validators=SHARE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["policy", "make"], name="policy_make_once"),)

    def __str__(self) -> str:
        return f"{self.make} {self.threshold}"


class Audit(models.Model):
    """A listing that went live by itself, drawn at random for a person to check."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="audits")
    approval = models.OneToOneField("moderation.Decision", on_delete=models.PROTECT, related_name="drawn")
    answer = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="audited"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=["listing"], condition=Q(answer=None), name="audit_open"),)

    def __str__(self) -> str:
        return f"{self.listing_id}"
