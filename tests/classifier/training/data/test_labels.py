"""One class per car, one spelling per name."""

from pathlib import Path

import pytest

from classifier.artefact import TrainedClass
from classifier.training.data.labels import UNKNOWN, classes_of, display_case, label_numbers
from classifier.training.data.manifest import ManifestRow


def rows(*labels, source="cars", times=3):
    return [ManifestRow(Path(f"{n}.jpg"), f"{n}.jpg", *label, source=source) for label in labels for n in range(times)]


def test_makes_spelled_apart_are_one():
    found = classes_of(
        rows(("BMW", "X5", "")) + rows(("bmw", "x3", ""), source="ads") + rows(("mercedes-benz", "e class", "")),
        min_photos=1,
    )
    assert found == (
        TrainedClass("BMW", "X3"),
        TrainedClass("BMW", "X5"),
        TrainedClass("Mercedes-Benz", "E Class"),
    )


def test_years_are_told_apart_only_where_every_photo_names_one():
    dated = rows(("Audi", "TT", "2010"), ("Audi", "TT", "2012"))
    half_dated = rows(("audi", "a6", "2005"), ("audi", "a6", ""), source="ads")
    thin = rows(("Audi", "S4", "2007")) + rows(("Audi", "S4", "2012"), times=1)
    found = classes_of(dated + half_dated + thin, min_photos=2)
    assert [(c.model, c.years) for c in found] == [("A6", ""), ("S4", ""), ("TT", "2010"), ("TT", "2012")]


def test_rare_models_are_left_out_and_unknown():
    photos = rows(("Audi", "A4", ""), ("Audi", "A6", "")) + rows(("Saab", "95", ""), times=1)
    found = classes_of(photos, min_photos=2)
    assert label_numbers(rows(("Saab", "95", ""), times=1), found) == [UNKNOWN]
    assert label_numbers(rows(("AUDI", "a-4", "2003"), times=1), found) == [0]


def test_rare_models_are_together_the_rest_of_their_make():
    photos = rows(("Audi", "A4", ""), ("BMW", "X5", "")) + rows(("audi", "a6", ""), ("Audi", "A8", "2001"), times=2)
    found = classes_of(photos + rows(("BMW", "Z1", ""), times=1), min_photos=3, min_photos_of_rest=4)
    assert found == (TrainedClass("Audi", ""), TrainedClass("Audi", "A4"), TrainedClass("BMW", "X5"))
    rare = rows(("AUDI", "A8", "2001"), ("BMW", "Z1", ""), times=1)
    assert label_numbers(rare, found, rest=True) == [0, UNKNOWN]
    assert label_numbers(rare, found) == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("e golf", "E Golf"), ("bmw", "BMW"), ("cx-5", "CX-5"), ("mercedes-benz", "Mercedes-Benz"), ("f 150", "F 150")],
)
def test_names_in_small_letters_are_shown_with_capitals(name, shown):
    assert display_case(name) == shown


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [("Ford", "Ka", "Ka+"), ("Peugeot", "206", "206+"), ("Suzuki", "Wagon R", "Wagon R+"), ("Zündapp", "!", "?")],
)
def test_a_plus_makes_another_class(make, one, other):
    found = classes_of(rows((make, one, ""), (make, other, "")), min_photos=2)
    assert sorted(label_numbers(rows((make, one, ""), (make, other, ""), times=1), found)) == [0, 1]
    assert {known.model for known in found} == {one, other}
