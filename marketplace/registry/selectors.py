"""Reads: model versions, and which one serves."""

from marketplace.registry.models import ModelVersion


def champion_get() -> ModelVersion | None:
    """The version that serves; None until `manage.py setup_site` has registered the starter."""
    return ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).first()


def versions_list() -> list[ModelVersion]:
    """All versions, the newest first."""
    return list(ModelVersion.objects.all())
