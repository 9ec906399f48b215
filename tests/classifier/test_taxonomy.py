import numpy as np
import pytest

from classifier.artefact import TrainedClass
from classifier.names import name_key
from classifier.taxonomy import summarise

CLASSES = (
    TrainedClass("BMW", "3 Series", "2012"),
    TrainedClass("bmw", "3-series", "2008"),
    TrainedClass("BMW", "X5"),
    TrainedClass("Audi", "A4", "2010"),
)


def test_trained_classes_sum_up_to_models_and_makes():
    make, candidates = summarise(np.array([0.25, 0.2, 0.15, 0.4]), CLASSES)
    assert (make.name, make.confidence) == ("BMW", pytest.approx(0.6))
    assert [(c.make, c.model, c.years) for c in candidates] == [
        ("BMW", "3 Series", "2012"),
        ("Audi", "A4", "2010"),
        ("BMW", "X5", ""),
    ]
    assert candidates[0].confidence == pytest.approx(0.45)


def test_the_rest_of_a_make_speaks_for_the_make_and_is_no_candidate():
    classes = (TrainedClass("Audi", ""), TrainedClass("Audi", "A4"), TrainedClass("BMW", "X5"))
    make, candidates = summarise(np.array([0.6, 0.1, 0.3]), classes)
    assert (make.name, make.confidence) == ("Audi", pytest.approx(0.7))
    assert [(c.model, round(c.confidence, 3)) for c in candidates] == [("X5", 0.3), ("A4", 0.1)]


def test_where_no_class_has_a_model_makes_are_the_candidates():
    _, candidates = summarise(np.array([0.2, 0.8]), (TrainedClass("Audi", ""), TrainedClass("BMW", "")))
    assert [c.make for c in candidates] == ["BMW", "Audi"]


def test_at_most_five_candidates_come_back():
    classes = [TrainedClass("Make", f"Model {i}") for i in range(9)]
    _, candidates = summarise(np.full(9, 1 / 9, dtype=np.float32), classes)
    assert len(candidates) == 5


def test_names_meet_blind_to_case_accents_spaces_and_punctuation():
    assert name_key("Citroën C-3") == name_key("CITROEN c3")
    assert name_key("3 Series") != name_key("5 Series")


def test_probabilities_of_another_model_are_refused():
    with pytest.raises(ValueError, match="classes"):
        summarise(np.ones(3), CLASSES)
