"""Photos of a listing (or of a visitor at /identify/), and what was recognised on them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classifier.taxonomy import Guess
from marketplace.listings.models import Listing
from marketplace.photos.pictures import PictureField
from marketplace.registry.models import ModelVersion


class Question(models.Model):
    """A visitor's question at /identify/: which car do these photos show? Kept for an hour."""

    # Also the unguessable part of its address.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    part_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts",
        help_text="The question from one of whose pictures this car was cut out.",
    )  # fmt: skip
    # Over all its photos; in the shape of Listing.verdict.
    verdict = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # The visitor gave the photos for training: when, and to which wording they agreed. Then the
    # photos that show a car are kept.
    donated_at = models.DateTimeField(null=True, blank=True)
    donated_terms = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=["donated_at"], condition=Q(donated_at__isnull=False), name="question_donated"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(donated_at__isnull=True, donated_terms="")
                | (Q(donated_at__isnull=False) & ~Q(donated_terms="")),
                name="question_donated_on_terms",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class Photo(models.Model):
    """One clean picture. ``status`` is its place in the queue, ``outcome`` the result."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        CLAIMED = "claimed", _("looking")
        DONE = "done", _("looked at")
        FAILED = "failed", _("could not be looked at")

    class Outcome(models.TextChoices):
        OK = "ok", _("recognised")
        NO_VEHICLE = "no_vehicle", _("no car found")
        NOT_USABLE = "not_usable", _("not usable for recognition")
        UNREADABLE = "unreadable", _("unreadable")

    class Kind(models.TextChoices):
        """What it shows: classifier.attributes.KINDS."""

        EXTERIOR = "exterior", _("the whole car")
        INTERIOR = "interior", _("the inside")
        DETAIL = "detail", _("a detail")
        OTHER = "other", _("no car")

    # Also the unguessable part of the visitor's address at /identify/.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # NULL: a visitor's question without an account, or removed from its listing; kept for an hour.
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, null=True, blank=True, related_name="photos")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, null=True, blank=True, related_name="photos")
    removed_from = models.ForeignKey(
        Listing, on_delete=models.CASCADE, null=True, blank=True, related_name="removed_photos"
    )
    removed_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveIntegerField(default=0)
    chosen_cover = models.BooleanField(default=False, help_text="The seller made it the first photo.")

    file = PictureField(upload_to="photos", max_length=120)
    card = PictureField(upload_to="cards", max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    original_name = models.CharField(max_length=200, blank=True)
    upload_sha256 = models.CharField(max_length=64, db_index=True)
    # What the picture is, for finding it elsewhere: see marketplace.photos.duplicates. Rows from
    # before that was looked for lack all but the first, until ``manage.py measure_photos``.
    phash = models.CharField(max_length=16, blank=True)
    phash_fine = models.CharField(max_length=64, blank=True, help_text="empty: too plain to be told from others")
    master_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    # How good it is: see marketplace.photos.quality. NULL: not measured.
    brightness = models.FloatField(null=True, blank=True, help_text="of its brightest twentieth, 0…255")
    blur = models.FloatField(null=True, blank=True, help_text="0 sharp … 1 blurred")

    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("position", "created_at")
        indexes = (
            # The order in which workers claim, and the oldest photo for the health check: neither
            # may sort 100,000 rows.
            models.Index(fields=["attempts", "created_at"], condition=Q(status="pending"), name="photo_queue"),
            models.Index(fields=["created_at"], condition=Q(status="pending"), name="photo_pending"),
            models.Index(fields=["claimed_at"], condition=Q(status="claimed"), name="photo_claimed"),
            # Each picture that a page shows is looked up by its name.
            models.Index(fields=["file"], name="photo_file"),
            models.Index(fields=["card"], name="photo_card"),
        )
        constraints = (
            # The same upload twice in one listing is one photo, as after a double click or a retry.
            models.UniqueConstraint(fields=["listing", "upload_sha256"], name="photo_once_per_listing"),
            models.CheckConstraint(
                condition=Q(removed_from__isnull=True, removed_at__isnull=True)
                | Q(removed_from__isnull=False, removed_at__isnull=False, listing__isnull=True),
                name="photo_removed_or_in_listing",
            ),
            models.CheckConstraint(
                condition=Q(question__isnull=True) | Q(listing__isnull=True, removed_from__isnull=True),
                name="photo_asked_or_offered",
            ),
            # The same upload twice in one question is one photo.
            models.UniqueConstraint(fields=["question", "upload_sha256"], name="photo_once_per_question"),
        )

    def __str__(self) -> str:
        return self.original_name or str(self.id)

    @property
    def shows_no_car(self) -> bool:
        """Whether it was looked at and found to be of something else."""
        return self.kind == self.Kind.OTHER

    @property
    def is_settled(self) -> bool:
        return self.status in {self.Status.DONE, self.Status.FAILED}


class PhotoBand(models.Model):
    """A quarter of a photo's perceptual hash: photos that are alike share one, up to two bits.

    ``key`` is the quarter's number, 0…3, times 65,536 plus its 16 bits.
    """

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="bands", db_index=False)
    key = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["key", "photo"], name="photo_band_once"),
            # For the cascade when a photo goes.
            models.UniqueConstraint(fields=["photo", "key"], name="photo_band_of_photo"),
        )

    def __str__(self) -> str:
        return f"{self.photo_id}: {self.key:06x}"


class Prediction(models.Model):
    """The recognition of one photo by one model version, stored. One row per photo and version."""

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    attempt = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=12, choices=Photo.Outcome)
    kind = models.CharField(max_length=10, choices=Photo.Kind, blank=True)
    box = models.JSONField(null=True, blank=True, help_text="[x1, y1, x2, y2] in pixels of the master")
    make_name = models.CharField(max_length=80, blank=True)
    make_confidence = models.FloatField(null=True, blank=True)
    candidates = models.JSONField(default=list, blank=True)
    # Rows from before the attribute classifier told view and body have neither.
    view = models.CharField(max_length=20, blank=True, help_text="the side that the car shows")
    view_confidence = models.FloatField(null=True, blank=True)
    bodies = models.JSONField(default=list, blank=True, help_text="[[body, probability], …], likeliest first")
    body_threshold = models.FloatField(
        null=True, blank=True, help_text="From which confidence on a form may be filled in, when this was said."
    )
    colours = models.JSONField(default=list, blank=True, help_text="[[colour, probability], …], likeliest first")
    colour_threshold = models.FloatField(null=True, blank=True, help_text="As that of the body.")
    cars = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How many cars the photo shows prominently; unknown of older rows."
    )
    boxes = models.JSONField(
        default=list, blank=True, help_text="[[x1, y1, x2, y2], …] of these cars, as box; the main one's first."
    )
    # Calibrated natural-log probabilities, float16 little-endian, in the artefact's class order.
    # Fusion needs them all.
    log_probs = models.BinaryField(null=True, blank=True)
    timings_ms = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["photo", "model_version"], name="prediction_once_per_version"),)

    def __str__(self) -> str:
        return f"{self.photo} by {self.model_version}"

    @property
    def body(self) -> Guess | None:
        """The likeliest body type."""
        return Guess(*self.bodies[0]) if self.bodies else None

    @property
    def colour(self) -> Guess | None:
        """The likeliest colour."""
        return Guess(*self.colours[0]) if self.colours else None


class Heatmap(models.Model):
    """Which parts of a photo matter for its top candidate; a moderator asks, the worker draws.

    Only the newest request is kept. A claim lasts for a while after ``claimed_at``, even if its
    worker died.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        DONE = "done", _("drawn")
        FAILED = "failed", _("could not be drawn")

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="heatmap")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, help_text="why there is none, for the moderator")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # What was drawn; empty until then.
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car = models.CharField(max_length=200, blank=True, help_text="the candidate that it explains")
    box = models.JSONField(null=True, blank=True, help_text="[x1, y1, x2, y2]: where it lies, in pixels of the master")
    file = models.FileField(upload_to="heatmaps", max_length=120, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["attempts", "created_at"], condition=Q(status="pending"), name="heatmap_queue"),
        )

    def __str__(self) -> str:
        return f"heat map of {self.photo_id}"
