"""Moderators' decisions about listings and doubtful labels, and who is looking at what.

The policy's tables are in ``policy/models.py``.
"""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import language_choices
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.moderation.catalogue.models import ModelProposal
from marketplace.moderation.labels.models import KindLabel
from marketplace.moderation.opinions.models import Opinion
from marketplace.moderation.policy.models import Audit, PolicyMake, PolicyVersion
from marketplace.moderation.roles import Role
from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion
from marketplace.text_fields import ParagraphsField

__all__ = [
    "AppendOnlyError",
    "Audit",
    "Claim",
    "Decision",
    "KindLabel",
    "LabelReview",
    "ModelProposal",
    "Opinion",
    "PolicyMake",
    "PolicyVersion",
    "RejectTemplate",
    "RejectTemplateText",
    "Suspension",
]


class AppendOnlyError(Exception):
    """A record that must not change was to be changed or deleted."""


class Claim(models.Model):
    """A moderator holds a listing for a while, so that no two review the same one."""

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="claim")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.listing_id} by {self.moderator_id}"


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Reads and adds, and writes in no other way."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Decisions are kept as they were made.")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("Decisions are kept as they were made.")


class Decision(models.Model):
    """A decision about a listing. Append-only: training relies on it."""

    class Action(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        CORRECT = "correct", _("corrected")
        REJECT = "reject", _("rejected")
        CHANGES = "changes", _("sent back for changes")
        AUTO = "auto", _("approved by policy")
        UNSURE = "unsure", _("left to a second opinion")
        DOWN = "down", _("taken down")
        BACK = "back", _("put back")
        UNDO = "undo", _("undone")

    # Kept when the seller deletes the listing.
    listing = models.ForeignKey(Listing, on_delete=models.SET_NULL, null=True, related_name="decisions")
    listing_code = models.CharField(max_length=12, db_index=True)
    # None: policy, or somebody whose account is gone; ``action`` tells which.
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="decisions"
    )
    action = models.CharField(max_length=8, choices=Action)
    # What was recognised, and by which version.
    predicted = models.JSONField(null=True, blank=True, help_text="The verdict as it stood.")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What the seller stated.
    stated_make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stated_model = models.ForeignKey(CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stated_other = models.CharField(
        max_length=161,
        blank=True,
        help_text="What the seller had written because the catalogue does not have it.",
    )
    # What was decided. A model, or make, that was accepted in the seller's own words is empty here.
    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = ParagraphsField(blank=True)
    templates = models.JSONField(default=list, blank=True, help_text="Codes of the RejectTemplates in the reason.")
    # The circumstances. Older rows have none of them.
    role = models.CharField(max_length=9, choices=Role, blank=True)
    seconds = models.FloatField(null=True, blank=True, help_text="How long the moderator looked at it.")
    reasons = models.JSONField(
        default=list, blank=True, help_text="Why it was looked at: [{code, …values}], see moderation.reasons."
    )
    facts = models.JSONField(
        default=dict, blank=True, help_text="What a policy may ask of it: {named, seller_cars}, as it was then."
    )
    before = models.JSONField(null=True, blank=True, help_text="What the decision replaced: an undo restores it.")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    audit = models.BooleanField(default=False, help_text="About a listing drawn from what went live by itself.")
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")
    batch = models.UUIDField(null=True, blank=True, db_index=True, help_text="Of decisions made at once.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects: ClassVar[models.Manager["Decision"]] = models.Manager.from_queryset(DecisionQuerySet)()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(action="reject") | ~Q(reason=""), name="decision_reject_has_reason"),
            models.CheckConstraint(condition=~Q(action="changes") | ~Q(reason=""), name="decision_changes_has_reason"),
            models.CheckConstraint(condition=~Q(action="down") | ~Q(reason=""), name="decision_down_has_reason"),
            models.CheckConstraint(
                condition=Q(action="undo", undoes__isnull=False) | (~Q(action="undo") & Q(undoes__isnull=True)),
                name="decision_undo_names_what",
            ),
            models.CheckConstraint(
                condition=~Q(action__in=("accept", "correct", "auto"))
                | Q(make__isnull=False)
                | (Q(action="accept") & ~Q(stated_other="")),
                name="decision_approval_has_make",
            ),
        )

    def __str__(self) -> str:
        return f"{self.listing_code} {self.get_action_display()}"

    @property
    def stated(self) -> str:
        """The car as the seller named it; "" if they did not."""
        return " ".join(str(part) for part in (self.stated_make, self.stated_model, self.stated_other) if part)

    @property
    def car(self) -> str:
        """The car that was decided; "" for what was sent back."""
        if self.action == self.Action.ACCEPT:
            return self.stated
        return " ".join(str(part) for part in (self.make, self.car_model) if part)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Decisions are kept as they were made.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Decisions are kept as they were made.")


class CopyCheck(models.Model):
    """That a listing's photos were compared with those of other sellers, as it was handed in."""

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="copy_check")
    submitted_at = models.DateTimeField(help_text="of the listing when it was compared")

    def __str__(self) -> str:
        return f"{self.listing_id}"


class CopiedPhoto(models.Model):
    """A photo of a listing that another seller has shown, too, found when it was handed in."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="copied_photos")
    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    exact = models.BooleanField(help_text="The same file or the same pixels; else alike.")

    class Meta:
        ordering = ("photo__position", "pk")

    def __str__(self) -> str:
        return f"{self.photo_id} as {self.other_id}"


class RejectTemplate(models.Model):
    """A reason that moderators send with one key, edited in the admin."""

    code = models.SlugField(max_length=40, unique=True, help_text="Stays the same when the words change.")
    position = models.PositiveSmallIntegerField(
        default=100, help_text="The first nine have keys, in this order: moderators know them by heart."
    )
    no_car = models.BooleanField(default=False, help_text="The photos become examples of what is no car.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "code")

    def __str__(self) -> str:
        return self.code


class RejectTemplateText(models.Model):
    """A template's words in one language."""

    template = models.ForeignKey(RejectTemplate, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10, choices=language_choices, default=settings.LANGUAGE_CODE)
    text = ParagraphsField(max_length=500)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["template", "language"], name="reject_template_once_per_language"),
        )

    def __str__(self) -> str:
        return self.text


class Suspension(models.Model):
    """A seller's account was suspended, by whom and why, and when that ended."""

    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="suspensions")
    # Without a person once their account is gone; as what they decided stays. So below.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    role = models.CharField(max_length=9, choices=Role, blank=True)
    reason = ParagraphsField(max_length=1000)
    at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_role = models.CharField(max_length=9, choices=Role, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["seller"], condition=Q(lifted_at=None), name="suspension_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.seller}"


class LabelReview(models.Model):
    """A training photo whose label is probably wrong, and what a moderator decided.

    The photo is known by its content, so the decision holds in any manifest that contains it. Names
    are text, because a manifest may name cars that the catalogue does not have.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("waiting")
        KEPT = "kept", _("kept")
        CORRECTED = "corrected", _("corrected")
        DISCARDED = "discarded", _("left out")
        NO_CAR = "no_car", _("shows no car")

    sha256 = models.CharField(max_length=64, help_text="of the photo's file")
    size = models.PositiveBigIntegerField(help_text="of the photo's file in bytes: only files of this size are hashed")
    source = models.CharField(max_length=200, help_text="the manifest's folder")
    file = models.CharField(max_length=1000, help_text="as the manifest names it")
    # The doubtful label.
    make = models.CharField(max_length=200)
    model = models.CharField(max_length=200)
    year = models.CharField(max_length=40, blank=True)
    label_key = models.CharField(max_length=440, editable=False)
    # What other photos suggest.
    score = models.FloatField(help_text="0…1, low: probably wrong")
    stated = models.FloatField(help_text="the label's probability")
    suggestions = models.JSONField(default=list, help_text="[{make, model, years, confidence}, …], likeliest first")
    ranked_by = models.CharField(max_length=200, help_text="the model version that looked at the photos")
    # What the page shows: a listing's photo, deleted together with it, or else a small picture.
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, null=True, blank=True, related_name="label_reviews")
    picture = models.FileField(upload_to="labels", max_length=120, blank=True)

    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    right_make = models.CharField(max_length=200, blank=True)
    right_model = models.CharField(max_length=200, blank=True, help_text="empty: the model cannot be told")
    right_year = models.CharField(max_length=40, blank=True)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="label_reviews"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0, help_text="Raised by every change: who saw an older one is late.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("score", "id")
        indexes = (models.Index(fields=["score", "id"], condition=Q(status="open"), name="label_review_queue"),)
        constraints = (
            models.UniqueConstraint(fields=["sha256", "label_key"], name="label_review_once"),
            models.CheckConstraint(
                condition=Q(status="open", moderator__isnull=True, decided_at__isnull=True)
                | (~Q(status="open") & Q(decided_at__isnull=False)),
                name="label_review_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=(Q(status="corrected") & ~Q(right_make="")) | (~Q(status="corrected") & Q(right_make="")),
                name="label_review_corrected_to_something",
            ),
            models.CheckConstraint(condition=Q(photo__isnull=False) | ~Q(picture=""), name="label_review_has_picture"),
        )

    def __str__(self) -> str:
        return f"{self.source}/{self.file}: {self.label}"

    @property
    def label(self) -> str:
        """The car as the manifest names it."""
        return " ".join(part for part in (self.make, self.model, self.year) if part)

    @property
    def right(self) -> str:
        """The car as a moderator named it; "" if they did not."""
        return " ".join(part for part in (self.right_make, self.right_model, self.right_year) if part)
