"""Models that moderators miss in the catalogue."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.catalogue.models import CarModel, Make
from marketplace.text_fields import LineField


class ModelProposal(models.Model):
    """A model that a moderator proposes; an operator adds it, knows it by another name, or not."""

    class Status(models.TextChoices):
        OPEN = "open", "waiting"
        ADDED = "added", "added"
        ALIAS = "alias", "another name"
        REFUSED = "refused", "refused"

    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    make_name = LineField(max_length=80, blank=True, help_text="of a make that the catalogue does not have, either")
    name = LineField(max_length=80)
    key = models.CharField(max_length=200, editable=False)
    listing_code = models.CharField(max_length=12, blank=True, help_text="where the moderator met it")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.OPEN)
    car_model = models.ForeignKey(
        CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="what it became"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["key"], condition=Q(status="open"), name="proposal_open_once"),
            models.CheckConstraint(
                condition=Q(status="open", decided_at=None) | (~Q(status="open") & Q(decided_at__isnull=False)),
                name="proposal_decided_or_open",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("open", "refused"), car_model=None)
                | Q(status__in=("added", "alias"), car_model__isnull=False),
                name="proposal_became_a_model",
            ),
            models.CheckConstraint(
                condition=Q(make__isnull=False, make_name="") | (Q(make=None) & ~Q(make_name="")),
                name="proposal_names_a_make",
            ),
        )

    def __str__(self) -> str:
        return f"{self.make or self.make_name} {self.name}"
