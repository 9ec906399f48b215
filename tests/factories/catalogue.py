"""Makes and models. Who asks twice for the same name gets the same row."""

from factory import Sequence, SubFactory
from factory.django import DjangoModelFactory

from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias


class MakeFactory(DjangoModelFactory[Make]):
    """A make; the one of this name if there is one."""

    class Meta:
        model = Make
        django_get_or_create = ("name",)

    name = Sequence(lambda n: f"Make {n}")


class CarModelFactory(DjangoModelFactory[CarModel]):
    """A model; reused where the make has one of this name. ``make__name`` names the make."""

    class Meta:
        model = CarModel
        django_get_or_create = ("make", "name")

    make = SubFactory(MakeFactory)
    name = Sequence(lambda n: f"Model {n}")


class MakeAliasFactory(DjangoModelFactory[MakeAlias]):
    """Another name of a make."""

    class Meta:
        model = MakeAlias

    make = SubFactory(MakeFactory)
    text = Sequence(lambda n: f"Make alias {n}")


class ModelAliasFactory(DjangoModelFactory[ModelAlias]):
    """Another name of a model; its make is the model's."""

    class Meta:
        model = ModelAlias

    car_model = SubFactory(CarModelFactory)
    text = Sequence(lambda n: f"Model alias {n}")
