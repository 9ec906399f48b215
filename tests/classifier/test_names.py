"""One key per name, for the catalogue, for training and for serving."""

import pytest

from classifier.names import car_key, name_key
from classifier.training.data.labels import class_key
from marketplace.catalogue.datafile import catalogue_read


@pytest.mark.parametrize(
    ("one", "other"), [("Ka+", "Ka Plus"), ("Lynk & Co", "lynk and co"), ("Citroën", "citroe\u0308n")]
)
def test_spellings_of_one_name_have_one_key(one, other):
    assert name_key(one) == name_key(other)


def test_a_label_without_a_letter_is_compared_as_it_stands():
    assert car_key("?", "!") == ("?", "!")
    assert car_key("Audi", "") == ("audi", "")  # no model at all


def test_the_catalogues_cars_are_as_many_classes():
    cars = [(make.name, model.name) for make in catalogue_read() for model in make.models]
    assert len(cars) > 2000
    assert len({class_key(make, model, "") for make, model in cars}) == len(cars)
    assert all(car_key(make, model) == (name_key(make), name_key(model)) for make, model in cars)
