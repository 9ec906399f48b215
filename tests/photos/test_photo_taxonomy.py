"""Trained classes and manifests under the catalogue's names."""

from marketplace.photos.recognition.taxonomy import CatalogueNames

CARS = [("BMW", "3 Series Sedan"), ("bmw", "3 series"), ("VW", "Golf Hatchback"), ("Skoda", ""), ("Nobody", "Nothing")]


def test_names_that_mean_one_car_become_the_catalogue_s_and_unknown_ones_stay(catalogue):
    names = CatalogueNames(CARS)
    assert [names(*car) for car in CARS] == [
        ("BMW", "3 Series"), ("BMW", "3 Series"), ("Volkswagen", "Golf"), ("Škoda", ""), ("Nobody", "Nothing"),
    ]  # fmt: skip


def test_what_it_answered_is_asked_again_without_a_query(catalogue, django_assert_num_queries):
    names = CatalogueNames(CARS)
    answers = [names(*car) for car in CARS]
    with django_assert_num_queries(0):
        assert [names(*car) for car in answers] == answers
