from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketplace.moderation.models import Decision, LabelReview


@admin.register(Decision)
class DecisionAdmin(ModelAdmin):
    """To read only: a decision is a record."""

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False


@admin.register(LabelReview)
class LabelReviewAdmin(ModelAdmin):
    """To read only: labels are asked about by ``manage.py suspects --queue`` and decided by moderators."""

    list_display = ("id", "status", "source", "file", "label", "right", "score", "moderator", "decided_at")
    list_filter = ("status", "source", "ranked_by")
    list_select_related = ("moderator",)
    search_fields = ("file", "sha256", "make", "model", "right_make", "right_model", "moderator__email")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LabelReview | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LabelReview | None = None) -> bool:
        return False
