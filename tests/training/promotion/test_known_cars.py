"""A car that a challenger forgets counts if sellers offer it here."""

import pytest

from classifier.artefact import TrainedClass
from marketplace.listings.models import Listing
from marketplace.registry.services import version_register
from marketplace.training.promotion.known_cars import Forgotten, cars_forgotten, cars_only_in


@pytest.fixture
def version(artefact, db):
    return lambda name, *cars: version_register(
        folder=artefact(name, classes=tuple(TrainedClass(*car) for car in cars)).folder
    )


def test_a_model_that_sellers_offer_is_missed_under_any_of_its_names(version, waiting):
    old = version("old", ("Skoda", "Octavia Combi", "2012"), ("Skoda", "Fabia"), ("Dodge", "Caliber"))
    new = version("new", ("Volvo", "V70"))
    waiting("Octavia")
    Listing.objects.update(status=Listing.Status.SOLD)
    assert cars_forgotten(champion=old, challenger=new) == Forgotten(["Skoda Octavia Combi"], others=2)
    Listing.objects.update(status=Listing.Status.DRAFT)
    assert cars_forgotten(champion=old, challenger=new) == Forgotten([], others=3)


def test_a_make_alone_is_missed_where_any_of_its_cars_is_offered(version, waiting):
    old, new = version("old", ("Skoda", ""), ("Volvo", "")), version("new", ("Volvo", "V70"))
    assert cars_only_in(old, new) == [("Skoda", "")]  # a version that knows a Volvo knows the make
    waiting("Fabia")
    assert cars_forgotten(champion=old, challenger=new) == Forgotten(["Skoda"], others=0)


def test_a_model_that_the_catalogue_does_not_have_is_not_its_make(version, waiting):
    waiting("Fabia")
    old, new = version("old", ("Skoda", "Trekka")), version("new", ("Volvo", "V70"))
    assert cars_forgotten(champion=old, challenger=new) == Forgotten([], others=1)
