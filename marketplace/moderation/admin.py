from django.contrib import admin
from unfold.admin import ModelAdmin

from marketplace.moderation.models import Decision, LabelReview
from marketplace.registry.admin import ReadOnly


@admin.register(Decision)
class DecisionAdmin(ReadOnly, ModelAdmin):
    """Read only: a decision is a record."""

    list_display = (
        "created_at",
        "listing_code",
        "action",
        "moderator",
        "make",
        "car_model",
        "stated_other",
        "model_version",
    )
    list_filter = ("action", "model_version")
    list_select_related = ("moderator", "make", "car_model", "model_version")
    search_fields = ("listing_code", "make__name", "car_model__name", "stated_other", "moderator__email")
    date_hierarchy = "created_at"


@admin.register(LabelReview)
class LabelReviewAdmin(ReadOnly, ModelAdmin):
    """Read only: `manage.py suspects --queue` asks about labels, and moderators decide."""

    list_display = ("id", "status", "source", "file", "label", "right", "score", "moderator", "decided_at")
    list_filter = ("status", "source", "ranked_by")
    list_select_related = ("moderator",)
    search_fields = ("file", "sha256", "make", "model", "right_make", "right_model", "moderator__email")
