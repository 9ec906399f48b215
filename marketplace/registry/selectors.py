"""Which model versions there are."""

from marketplace.registry.models import ModelVersion


def champion_get() -> ModelVersion | None:
    """The version that serves, or None before the starter was registered (``manage.py setup_site`` does that)."""
    return ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).first()


def versions_list() -> list[ModelVersion]:
    """All versions, newest first."""
    return list(ModelVersion.objects.all())
