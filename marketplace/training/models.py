"""Training runs, and photos that a new version looks at again."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion, Promotion


class TrainingRun(models.Model):
    """One call of `retrain`, however it ended."""

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
    # How the photos were cleaned, in order: [{"name": …, "before": …, "after": …, "words": …}].
    stages = models.JSONField(default=list, blank=True)
    # Figures per epoch: [{"epoch": 1, "loss": …, "val_top1": …}].
    curve = models.JSONField(default=list, blank=True)
    progress = models.CharField(max_length=300, blank=True, help_text="How far it is, some seconds old at most.")
    error = models.TextField(blank=True)
    operator = models.CharField(max_length=150, blank=True, help_text="The system's account, where a command did it.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    process_id = models.PositiveIntegerField(default=0)
    decided_before = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Decisions until then took part; what goes on with this takes no newer.",
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["status"], condition=Q(status="running"), name="training_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"run {self.pk} ({self.recipe})"


class Rerecognition(models.Model):
    """Photos that the version that serves now looks at again, when no new photo waits.

    Photos are entered listing by listing (`planned_to` is the last listing's key), so that another
    process can continue if the one that plans is killed.
    """

    class Scope(models.TextChoices):
        PENDING = "pending", "listings that wait for review"
        DOUBTFUL = "doubtful", "listings that nobody approved yet and whose verdict is unsure"
        OPEN = "open", "pending or doubtful listings"
        ALL = "all", "all listings"

    class Status(models.TextChoices):
        PLANNING = "planning", "being planned"
        RUNNING = "running", "running"
        DONE = "done", "done"
        SUPERSEDED = "superseded", "superseded by another version"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rerecognitions")
    # NULL: requested by a command.
    promotion = models.OneToOneField(
        Promotion, on_delete=models.PROTECT, null=True, blank=True, related_name="rerecognition"
    )
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.OPEN)
    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNING)
    planned_to = models.BigIntegerField(default=0, help_text="The key of the last listing whose photos are entered.")
    operator = models.CharField(max_length=150, blank=True, help_text="The system's account, where a command did it.")
    # Counted at the end, when the rows of its photos are deleted.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "re-recognition"

    def __str__(self) -> str:
        return f"{self.get_scope_display()} by {self.version}"


class SecondLook(models.Model):
    """One photo of a re-recognition.

    A claim on a pending row expires some time after `claimed_at`, whatever happened to the worker.
    `attempts` is raised before the work. Both together are the fence: see photos.queue.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "waiting"
        DONE = "done", "looked at"
        FAILED = "failed", "could not be looked at"

    rerecognition = models.ForeignKey(Rerecognition, on_delete=models.CASCADE, related_name="looks")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    priority = models.PositiveSmallIntegerField(default=0, help_text="The lower, the sooner.")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["attempts", "priority", "id"], condition=Q(status="pending"), name="second_look_queue"
            ),
        )
        constraints = (models.UniqueConstraint(fields=["rerecognition", "photo"], name="second_look_once"),)

    def __str__(self) -> str:
        return f"second look at {self.photo_id}"
