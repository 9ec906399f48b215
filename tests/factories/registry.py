"""Model versions as rows only. Where an artefact must lie behind one, see the fixtures of
``tests.registry``."""

from factory import Sequence, Trait
from factory.django import DjangoModelFactory

from marketplace.registry.models import ModelVersion


class ModelVersionFactory(DjangoModelFactory[ModelVersion]):
    """A candidate; the version of this name if there is one."""

    class Meta:
        model = ModelVersion
        django_get_or_create = ("version",)

    class Params:
        champion = Trait(status=ModelVersion.Status.CHAMPION)

    version = Sequence(lambda n: f"version-{n:08x}")
