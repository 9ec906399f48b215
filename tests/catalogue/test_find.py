"""Names as people, classifiers and file names write them, looked up in the project's catalogue."""

import pytest

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import (
    car_find,
    catalogue_resolve,
    catalogue_resolve_many,
    make_find,
    make_list,
    model_find,
    model_list,
)

WHOLE_TEXTS = {
    "VW - VOLKSWAGEN UP!": ("Volkswagen", "up!"),
    "vw up": ("Volkswagen", "up!"),
    "Volkswagen up!": ("Volkswagen", "up!"),
    "volkswagenup": ("Volkswagen", "up!"),
    "mercedes-benz_serie_c": ("Mercedes-Benz", "C-Class"),
    "mercedes-benz_class_c": ("Mercedes-Benz", "C-Class"),
    "MERCEDES-BENZ C-180": ("Mercedes-Benz", "C-Class"),
    "BMW 3 Series Sedan 2012": ("BMW", "3 Series"),
    "bmw_serie_3": ("BMW", "3 Series"),
    "BMW 320d xDrive Touring Automatic": ("BMW", "3 Series"),
    "Land Rover Range Rover Evoque": ("Land Rover", "Range Rover Evoque"),
    "GM - CHEVROLET S10": ("Chevrolet", "S10"),
    "citroen_c-elysÃ©e": ("Citroën", "C-Elysée"),
    "FORD KA+": ("Ford", "Ka+"),
    "FORD KA": ("Ford", "Ka"),
    "Toyota Corolla Cross Hybrid": ("Toyota", "Corolla Cross"),
    "Ram Ram 1500": ("Ram", "1500"),
    "ГАЗ 3110 Волга": ("GAZ", "3110 Volga"),
    "BMW": ("BMW", None),
    "Skoda Unheardof": ("Škoda", None),
}

MAKE_AND_MODEL = {
    ("BMW", "3 Series Sedan"): ("BMW", "3 Series"),
    ("bmw", "3 series"): ("BMW", "3 Series"),
    ("FIAT", "500 Convertible"): ("Fiat", "500"),
    ("Dodge", "Ram Pickup 3500 Crew Cab"): ("Dodge", "Ram 3500"),
    ("VW", "Golf GTI Hatchback 2012"): ("Volkswagen", "Golf"),
    ("lada", "lada 1118 калина"): ("Lada", "Kalina"),
    ("Bentley", "Continental Flying Spur Sedan"): ("Bentley", "Flying Spur"),
    ("Toyota", "Corolla Unheardof"): ("Toyota", None),
    ("Unheardof", "Corolla"): (None, None),
    ("BMW", ""): ("BMW", None),
    ("", ""): (None, None),
}


def _names(make, model):
    return make.name if make else None, model.name if model else None


def test_it_finds_make_and_model_in_a_whole_text(catalogue):
    assert {text: _names(*car_find(text)) for text in WHOLE_TEXTS} == WHOLE_TEXTS


def test_it_finds_nothing_in_a_text_without_a_make(catalogue):
    for text in ("", "!!", "rambler", "Unheardof Golf", "x" * 5000, "a " * 5000, "\x00", "3"):
        assert car_find(text) is None, text


def test_it_resolves_what_classifiers_and_advertisements_say(catalogue):
    found = {(make, model): _names(*catalogue_resolve(make=make, model=model)) for make, model in MAKE_AND_MODEL}
    assert found == MAKE_AND_MODEL


def test_every_make_and_model_is_found_by_its_own_name(catalogue):
    """No alias of another row takes precedence over a name."""
    for make in make_list():
        assert make_find(make.name) == make
    for model in CarModel.objects.select_related("make").order_by("?")[:300]:
        assert model_find(make=model.make, text=model.name) == model
        assert car_find(f"{model.make.name} {model.name}") == (model.make, model)


def test_it_looks_up_with_at_most_four_queries_and_loads_no_table(catalogue, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        catalogue_resolve(make="bmw", model="3 Series Sedan")
    with django_assert_max_num_queries(4):
        car_find("BMW 3 Series Sedan 2012")


def test_many_cars_resolve_as_one_by_one_in_four_queries(catalogue, django_assert_max_num_queries):
    cars = [*MAKE_AND_MODEL, ("", ""), ("Unheardof", "Golf"), ("bmw", ""), ("BMW", "320d"), ("BMW", "320d")]
    with django_assert_max_num_queries(4):
        found = catalogue_resolve_many(cars)
    assert found == {(make, model): catalogue_resolve(make=make, model=model) for make, model in cars}
    assert catalogue_resolve_many([]) == {}


def test_it_lists_only_the_models_of_the_make(catalogue):
    models = model_list(make=Make.objects.get(name="Dacia"))
    assert {"Duster", "Logan", "Sandero"} <= {model.name for model in models}
    assert {model.make.name for model in models} == {"Dacia"}


@pytest.mark.django_db
def test_it_finds_nothing_in_an_empty_catalogue():
    assert make_find("BMW") is None
    assert car_find("BMW 3 Series") is None
