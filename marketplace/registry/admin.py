from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from marketplace.registry.models import ModelVersion, Promotion


class ReadOnly:
    """For models that are shown in the admin and changed only by services."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PromotionInline(ReadOnly, TabularInline):
    model = Promotion
    fk_name = "version"
    fields = ("at", "kind", "previous", "by", "operator", "reason", "forced", "overridden")
    readonly_fields = fields  # Django refuses fields in a form that cannot be edited
    extra = 0

    @admin.display(description="gates overridden")
    def overridden(self, promotion: Promotion) -> str:
        return "; ".join(promotion.overrode) or "–"


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly, ModelAdmin):
    """Read only: `manage.py promote` and `rollback` check what they switch to."""

    list_display = ("version", "status", "top1", "make_top1", "created_at")
    list_filter = ("status",)
    search_fields = ("version",)
    fields = ("version", "status", "metrics", "created_at")
    inlines: tuple[type[TabularInline], ...] = (PromotionInline,)

    @admin.display(description="top-1")
    def top1(self, version: ModelVersion) -> str:
        return _figure(version, "top1")

    @admin.display(description="make top-1")
    def make_top1(self, version: ModelVersion) -> str:
        return _figure(version, "make_top1")


@admin.register(Promotion)
class PromotionAdmin(ReadOnly, ModelAdmin):
    list_display = ("at", "kind", "version", "previous", "by", "operator", "forced", "reason")
    list_filter = ("kind", "forced")
    list_select_related = ("version", "previous", "by")
    search_fields = ("version__version", "reason")


def _figure(version: ModelVersion, name: str) -> str:
    value = version.metrics.get("test", {}).get(name)
    return f"{value:.3f}" if isinstance(value, int | float) else "–"
