"""Runs of training, and photos that are looked at again."""

from django.utils import timezone
from factory import LazyFunction, SubFactory, Trait
from factory.django import DjangoModelFactory

from marketplace.training.models import Rerecognition, TrainingRun
from tests.factories.registry import ModelVersionFactory


class TrainingRunFactory(DjangoModelFactory[TrainingRun]):
    """A run that goes on, of which there can be one; ``done`` and ``failed`` have ended."""

    class Meta:
        model = TrainingRun

    class Params:
        ended = Trait(finished_at=LazyFunction(timezone.now))
        done = Trait(ended=True, status=TrainingRun.Status.DONE)
        failed = Trait(ended=True, status=TrainingRun.Status.FAILED, error="There was no room left on the disk.")

    recipe = "default"


class RerecognitionFactory(DjangoModelFactory[Rerecognition]):
    """A re-recognition that is being planned; ``finished`` has ended."""

    class Meta:
        model = Rerecognition

    class Params:
        finished = Trait(status=Rerecognition.Status.DONE, finished_at=LazyFunction(timezone.now))

    version = SubFactory(ModelVersionFactory, champion=True)
