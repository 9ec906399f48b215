"""Training runs, and photos that a new version looks at again."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion, Promotion


class TrainingOrder(models.Model):
    """A training that an operator asked for on a page; a worker of the queue ``train`` does it.

    The worker writes ``alive_at`` every few seconds while the training's process lives.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting for the training worker")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Promote(models.TextChoices):
        AUTO = "auto", _("let it serve if it passes all gates")
        NEVER = "never", _("only train and compare")

    recipe = models.CharField(_("recipe"), max_length=60)
    decisions = models.BooleanField(_("learn from what moderators decided"), default=True)
    manifest = models.CharField(_("manifest"), max_length=120, blank=True)
    max_minutes = models.PositiveIntegerField(
        _("time limit in minutes"), validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)]
    )
    promote = models.CharField(_("afterwards"), max_length=5, choices=Promote, default=Promote.AUTO)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    # True while it waits or runs, else NULL: so that there is one such row at most.
    is_open = models.BooleanField(null=True, default=True, unique=True, editable=False)
    alive_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    progress = models.CharField(max_length=300, blank=True, help_text="The last line that the training said.")
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(is_open=True, status__in=["waiting", "running"])
                | Q(is_open__isnull=True, status__in=["done", "failed", "cancelled"]),
                name="order_open_while_it_waits_or_runs",
            ),
        )

    def __str__(self) -> str:
        return f"order {self.pk} ({self.recipe})"


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
    order = models.OneToOneField(
        TrainingOrder, on_delete=models.SET_NULL, null=True, blank=True, related_name="run", editable=False
    )
    alive_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The training's process writes it every ten seconds."
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
