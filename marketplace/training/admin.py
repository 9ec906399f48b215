from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketplace.training.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(ModelAdmin):
    """To read only: runs are made by ``manage.py retrain``."""

    list_display = ("id", "status", "recipe", "photos", "version", "promoted", "started_at", "finished_at")
    list_filter = ("status", "recipe", "promoted")
    list_select_related = ("version",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        return False
