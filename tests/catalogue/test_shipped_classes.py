"""The classes of the starter model, compared with the catalogue."""

from collections import defaultdict

from classifier.artefact import artefact_only
from classifier.names import car_key
from classifier.recognise import WEIGHTS
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve


def test_every_class_means_one_car_and_no_spelling_of_it_means_another(catalogue):
    classes = artefact_only(WEIGHTS / "classifier").spec.classes
    assert len(classes) > 300
    entries = defaultdict(set)
    for one in classes:
        found = catalogue_resolve(make=one.make, model=one.model)
        assert found.make is not None
        assert bool(found.car_model) == bool(one.model), one
        entries[car_key(one.make, one.model)].add(found)
    assert all(len(found) == 1 for found in entries.values())


def test_keys_stored_in_the_catalogue_are_those_of_today(catalogue):

    assert Make.objects.get(name="Lynk & Co").key == "lynkandco"
    assert {model.key for model in CarModel.objects.filter(make__name="Ford", name__startswith="Ka")} == {
        "ka",
        "kaplus",
    }
