"""What people say that a photo shows: the inside, a detail, …"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.photos.models import Photo


class KindLabel(models.Model):
    """A photo drawn at random to be labelled with its kind, and what a moderator said."""

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="kind_label")
    predicted = models.CharField(max_length=10, choices=Photo.Kind, help_text="What the model had said of it.")
    kind = models.CharField(max_length=10, choices=Photo.Kind, blank=True, help_text="empty: waits")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="kind_labels"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=["id"], condition=Q(kind=""), name="kind_label_open"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="", decided_at=None, moderator=None) | (~Q(kind="") & Q(decided_at__isnull=False)),
                name="kind_label_decided_or_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.photo_id}: {self.kind or '?'}"
