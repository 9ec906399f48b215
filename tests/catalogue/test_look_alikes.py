"""The table of look-alikes and the shipped catalogue mean the same cars."""

import pytest

from classifier.look_alikes import look_alikes
from marketplace.catalogue.selectors import catalogue_resolve_many

pytestmark = pytest.mark.django_db
NOT_IN_IT = {("Chevrolet", "Lanos"), ("Freightliner", "Sprinter")}


@pytest.fixture
def found(catalogue):
    """Every car of the table → what it is in the catalogue."""
    return catalogue_resolve_many(car for group in look_alikes().groups for car in group.cars)


def test_the_catalogue_has_the_cars_of_the_table_under_their_names(found):
    missing = {car for car, one in found.items() if one.make is None or one.car_model is None}
    assert missing == NOT_IN_IT
    spelled = {car: (one.make.name, one.car_model.name) for car, one in found.items() if car not in missing}
    assert [car for car, names in spelled.items() if car != names] == []


def test_no_two_look_alikes_are_one_car_in_the_catalogue(found):
    """Else a car would be said to look like itself, and could never be filled in."""
    for group in look_alikes().groups:
        cars = [found[car].car_model for car in group.cars if found[car].car_model]
        assert len(set(cars)) == len(cars), group
