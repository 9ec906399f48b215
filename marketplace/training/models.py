"""Training runs: every one is a row, whatever became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.registry.models import ModelVersion


class TrainingRun(models.Model):
    """One call of ``retrain``."""

    class Status(models.TextChoices):
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    recipe = models.CharField(max_length=60)
    recipe_values = models.JSONField(default=dict, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    photos = models.PositiveIntegerField(default=0)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    metrics = models.JSONField(default=dict, blank=True)
    gates = models.JSONField(default=list, blank=True)
    promoted = models.BooleanField(default=False)
    report = models.CharField(max_length=500, blank=True)
    error = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    process_id = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["status"], condition=Q(status="running"), name="training_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"run {self.pk} ({self.recipe})"
