"""Photos and predictions for staff to look up; nothing here is edited by hand."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from marketplace.photos.models import Photo, Prediction


class _ReadOnly:
    """Read-only: photos are removed through their service, with their files and verdict."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class PredictionInline(_ReadOnly, TabularInline):
    model = Prediction
    exclude = ("log_probs",)
    extra = 0


@admin.register(Photo)
class PhotoAdmin(_ReadOnly, ModelAdmin):
    list_display = ("id", "listing", "status", "outcome", "kind", "attempts", "created_at")
    list_select_related = ("listing__make", "listing__car_model")  # its title names them
    list_filter = ("status", "outcome", "kind")
    search_fields = ("id", "listing__code", "original_name")
    inlines = (PredictionInline,)
