from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from marketplace.moderation.models import Decision, LabelReview, RejectTemplate, RejectTemplateText, Suspension
from marketplace.moderation.policy.admin import AuditAdmin, PolicyVersionAdmin
from marketplace.registry.admin import ReadOnly

__all__ = ["AuditAdmin", "DecisionAdmin", "LabelReviewAdmin", "PolicyVersionAdmin", "RejectTemplateAdmin"]


class RejectTemplateTextInline(TabularInline):
    model = RejectTemplateText
    extra = 0
    min_num = 1


@admin.register(RejectTemplate)
class RejectTemplateAdmin(ModelAdmin):
    """The words that moderators send with one key. None is deleted: decisions name them."""

    list_display = ("code", "position", "active", "no_car", "words")
    list_editable = ("position", "active")
    inlines = (RejectTemplateTextInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        return ("code",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.display(description="words")
    def words(self, template: RejectTemplate) -> str:
        first = template.texts.first()
        return first.text if first else ""


@admin.register(Suspension)
class SuspensionAdmin(ReadOnly, ModelAdmin):
    """Read only: moderators suspend and lift on a listing's page."""

    list_display = ("seller", "by", "role", "reason", "at", "lifted_by", "lifted_role", "lifted_at")
    list_select_related = ("seller", "by", "lifted_by")
    search_fields = ("seller__email", "reason")


@admin.register(Decision)
class DecisionAdmin(ReadOnly, ModelAdmin):
    """Read only: a decision is a record."""

    list_display = (
        "created_at",
        "listing_code",
        "action",
        "moderator",
        "role",
        "seconds",
        "make",
        "car_model",
        "stated_other",
        "model_version",
    )
    list_filter = ("action", "role", "audit", "model_version")
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
