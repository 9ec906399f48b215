"""Model versions, and which one serves."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.registry.artefacts import artefact_folder


class ModelVersion(models.Model):
    """One registered artefact. Its folder never changes; `status` says which version serves."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate", "candidate"
        CHAMPION = "champion", "champion"
        RETIRED = "retired", "retired"

    version = models.CharField(max_length=120, unique=True, help_text="The artefact's folder name.")
    status = models.CharField(max_length=10, choices=Status, default=Status.CANDIDATE)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("promote_modelversion", "Can let a model version serve"),)
        constraints = (
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="champion"), name="registry_only_one_champion"
            ),
        )

    def __str__(self) -> str:
        return self.version

    @property
    def folder(self) -> Path:
        """The artefact's folder on this machine, fetched if need be: see artefact_folder."""
        return artefact_folder(self.version)


class Promotion(models.Model):
    """A change of the champion: by whom, when and why. Append-only."""

    class Kind(models.TextChoices):
        PROMOTE = "promote", "promoted"
        ROLLBACK = "rollback", "rolled back"

    kind = models.CharField(max_length=10, choices=Kind)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    operator = models.CharField(max_length=150, blank=True, help_text="The system's account, where a command did it.")
    reason = models.TextField(blank=True)
    forced = models.BooleanField(default=False, help_text="In spite of its gates, or without any.")
    overrode = models.JSONField(default=list, blank=True, help_text="The gates that it had not passed, in words.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(forced=False) | ~Q(reason=""), name="registry_forced_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.version} {self.get_kind_display()}"
