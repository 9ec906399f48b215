import json

import numpy as np
import pytest

from classifier.artefact import TrainedClass
from classifier.names import name_key
from classifier.taxonomy import Candidate, summarise

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


TWINS = (
    TrainedClass("Acura", "TSX", "2012"),
    TrainedClass("Honda", "Accord"),
    TrainedClass("Honda", "Civic"),
    TrainedClass("Volvo", "V70"),
)


def test_look_alikes_share_their_confidence_and_name_each_other():
    make, (first, second, *others) = summarise(np.array([0.9, 0.05, 0.03, 0.02]), TWINS)
    assert (first.model, first.alike, second.model, second.alike) == (
        "TSX", ("Honda Accord",), "Accord", ("Acura TSX",),
    )  # fmt: skip
    assert first.confidence == pytest.approx(0.2 * 0.9 + 0.8 * 0.95 / 2)
    assert second.confidence == pytest.approx(0.2 * 0.05 + 0.8 * 0.95 / 2)
    assert first.group_confidence == second.group_confidence == pytest.approx(0.95)
    assert (make.name, make.confidence) == ("Acura", pytest.approx(first.confidence))
    assert [(one.model, one.confidence, one.alike) for one in others] == [
        ("Civic", pytest.approx(0.03), ()), ("V70", pytest.approx(0.02), ()),
    ]  # fmt: skip


def test_a_form_is_never_filled_in_with_one_of_several_look_alikes():
    _, (first, *_) = summarise(np.array([1.0, 0.0, 0.0, 0.0]), TWINS)
    _, (alone, *_) = summarise(np.array([0.0, 0.0, 0.0, 1.0]), TWINS)
    assert (first.sure(0.1), alone.sure(0.1), alone.sure(1.01)) == (False, True, False)


def test_the_likeliest_model_and_make_stay_what_they_were():
    """Although the Civic and, of makes, Honda are surer after the look-alikes have shared."""
    make, candidates = summarise(np.array([0.5, 0.0, 0.45, 0.05]), TWINS)
    assert (make.name, make.confidence) == ("Acura", pytest.approx(0.3))
    assert [one.model for one in candidates] == ["TSX", "Civic", "Accord", "V70"]
    random = np.random.default_rng(0)
    for probs in random.dirichlet(np.full(4, 0.3), size=200):
        make, candidates = summarise(probs, TWINS)
        assert candidates[0].model == TWINS[int(probs.argmax())].model
        assert make.name == max([("Acura", probs[0]), ("Honda", probs[1] + probs[2]), ("Volvo", probs[3])],
                                key=lambda one: one[1])[0]  # fmt: skip
        shared = {one.model: one.confidence for one in candidates}
        assert (shared["TSX"] > shared["Accord"]) == (probs[0] > probs[1])
        assert sum(shared.values()) == pytest.approx(1.0)


def test_look_alikes_of_one_make_leave_the_make_as_sure_as_it_was():
    classes = (TrainedClass("Renault", "Scenic"), TrainedClass("Renault", "Grand Scenic"), TrainedClass("BMW", "X5"))
    make, (first, *_) = summarise(np.array([0.9, 0.08, 0.02]), classes)
    assert (make.name, make.confidence) == ("Renault", pytest.approx(0.98))
    assert first.alike == ("Renault Grand Scenic", "Renault Megane Scenic")


def test_a_look_alike_that_is_not_known_counts_for_its_make_if_that_is_known():
    classes = (TrainedClass("Dacia", "Logan"), TrainedClass("Renault", "Clio"), TrainedClass("BMW", "X5"))
    make, (first, *_) = summarise(np.array([0.9, 0.06, 0.04]), classes)
    assert (first.alike, first.confidence) == (("Renault Logan",), pytest.approx(0.54))
    assert (make.name, make.confidence) == ("Dacia", pytest.approx(0.54))
    make, _ = summarise(np.array([0.45, 0.51, 0.04]), classes)
    assert (make.name, make.confidence) == ("Renault", pytest.approx(0.51 + 0.8 * 0.45 / 2))
    make, (first, *_) = summarise(np.array([0.9, 0.1]), (classes[0], classes[2]))
    assert (make.confidence, first.confidence, first.group_confidence) == (
        pytest.approx(0.54), pytest.approx(0.54), pytest.approx(0.9),
    )  # fmt: skip


def test_a_name_of_another_market_counts_only_if_it_is_known():
    _, (first, *_) = summarise(np.array([0.9, 0.1]), (TrainedClass("Honda", "Accord"), TrainedClass("BMW", "X5")))
    assert (first.alike, first.confidence) == ((), pytest.approx(0.9))


def test_a_class_of_years_in_which_it_has_no_look_alikes_shares_nothing():
    classes = (TrainedClass("Honda", "Accord", "1993"), TrainedClass("Honda", "Accord", "2008"), TWINS[0])
    _, (old, *_) = summarise(np.array([0.8, 0.1, 0.1]), classes)
    assert (old.years, old.alike) == ("1993", ())
    assert old.confidence == pytest.approx(0.8 + 0.2 * 0.1 + 0.8 * 0.2 / 2)
    _, (new, *_) = summarise(np.array([0.1, 0.8, 0.1]), classes)
    assert (new.years, new.alike, new.group_confidence) == ("2008", ("Acura TSX",), pytest.approx(1.0))


def test_a_candidate_is_told_as_json_with_its_look_alikes():
    _, (first, *_) = summarise(np.array([0.9, 0.1, 0.0, 0.0]), TWINS)
    assert json.loads(json.dumps(first.document())) == {
        "make": "Acura", "model": "TSX", "years": "2012", "confidence": pytest.approx(0.58),
        "alike": ["Honda Accord"], "group_confidence": pytest.approx(1.0),
    }  # fmt: skip
    assert Candidate("Volvo", "V70", "", 0.7).document()["group_confidence"] == 0.7


def test_equal_class_lists_are_looked_at_once_and_other_lists_get_their_own_answer():
    """A list is found by identity, so a new list at a freed address must not get the old answer."""
    for number in range(40):
        classes = [TrainedClass("Make", f"Model {number}"), TrainedClass("Make", "Other")]
        assert summarise(np.array([0.9, 0.1]), tuple(classes))[1][0].model == f"Model {number}"
        assert summarise(np.array([0.9, 0.1]), classes)[1][0].model == f"Model {number}"
