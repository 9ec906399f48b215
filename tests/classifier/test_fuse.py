import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.artefact import TrainedClass
from classifier.fuse import fuse, guesses_fuse, verdict_from
from classifier.taxonomy import Guess

CLASSES = (TrainedClass("BMW", "X5", "2012"), TrainedClass("Audi", "A4"), TrainedClass("Fiat", ""))


def logs(*probs: float) -> np.ndarray:
    return np.log(np.asarray(probs, dtype=np.float32))


def test_one_photo_stays_as_it_is():
    assert np.array_equal(fuse([logs(0.7, 0.2, 0.1)]), logs(0.7, 0.2, 0.1))


def test_the_same_photo_twice_adds_little_confidence_and_with_alpha_one_none():
    once, twice = logs(0.7, 0.2, 0.1), [logs(0.7, 0.2, 0.1)] * 2
    assert 0.7 < np.exp(fuse(twice))[0] < 0.85
    assert np.allclose(np.exp(fuse(twice, alpha=1.0)), np.exp(once), atol=1e-6)


def test_photos_that_agree_are_surer_than_each_and_it_is_no_vote():
    # Two photos lean slightly to the first, one is sure of the second: a vote would say the first.
    fused = np.exp(fuse([logs(0.5, 0.45, 0.05), logs(0.5, 0.45, 0.05), logs(0.03, 0.94, 0.03)]))
    assert fused.argmax() == 1
    assert np.exp(fuse([logs(0.6, 0.3, 0.1), logs(0.6, 0.1, 0.3)]))[0] > 0.6


def test_one_odd_photo_cannot_veto_five_good_ones():
    good, odd = logs(0.9, 0.05, 0.05), logs(1e-30, 1 - 2e-6, 1e-6)
    assert fuse([good] * 5 + [odd]).argmax() == 0


@given(st.lists(st.lists(st.floats(-80, 0), min_size=3, max_size=3), min_size=1, max_size=20))
def test_a_fused_answer_is_always_a_distribution(rows):
    fused = fuse([np.asarray(row, dtype=np.float32) - np.logaddexp.reduce(row) for row in rows])
    assert fused.dtype == np.float32
    assert np.exp(fused).sum() == pytest.approx(1, abs=1e-4)


def test_a_verdict_names_make_model_year_and_how_many_photos_it_rests_on():
    verdict = verdict_from([logs(0.8, 0.1, 0.1), logs(0.6, 0.3, 0.1)], CLASSES)
    assert verdict is not None
    assert (verdict.make.name, verdict.year, verdict.photos_used) == ("BMW", "2012", 2)
    assert verdict.model is not None
    assert verdict.model.name == "X5"
    assert verdict.model.confidence == verdict.candidates[0].confidence


def test_no_usable_photo_is_no_verdict_and_where_no_class_has_a_model_none_is_named():
    assert verdict_from([], CLASSES) is None
    verdict = verdict_from([logs(0.2, 0.8)], (TrainedClass("BMW", ""), TrainedClass("Fiat", "")))
    assert verdict is not None
    assert (verdict.make.name, verdict.model) == ("Fiat", None)


def test_the_rest_of_a_make_is_sure_of_the_make_and_leaves_the_model_unsure():
    verdict = verdict_from([logs(0.15, 0.05, 0.8)], CLASSES)
    assert verdict is not None
    assert (verdict.make.name, verdict.make.confidence) == ("Fiat", pytest.approx(0.8))
    assert verdict.model is not None
    assert verdict.model.confidence == pytest.approx(0.15)


def test_photos_recognised_by_different_models_are_not_fused():
    with pytest.raises(ValueError, match="different models"):
        fuse([logs(0.5, 0.5), logs(0.2, 0.3, 0.5)])


def bodies(**probs: float) -> tuple[Guess, ...]:
    return tuple(Guess(name, prob) for name, prob in probs.items())


def test_bodies_of_one_car_are_pooled_by_name_like_models():
    pooled = guesses_fuse([bodies(suv=0.6, wagon=0.3, van=0.1), (), bodies(wagon=0.5, suv=0.45, van=0.05)])
    assert [one.name for one in pooled] == ["suv", "wagon", "van"]
    logs_of = [logs(0.6, 0.3, 0.1), logs(0.45, 0.5, 0.05)]
    assert [one.confidence for one in pooled] == pytest.approx(np.exp(fuse(logs_of)).tolist(), abs=1e-5)
    assert sum(one.confidence for one in pooled) == pytest.approx(1)


def test_one_photo_says_its_bodies_as_they_are_and_none_says_none():
    one = bodies(suv=0.9, wagon=0.1, van=0.0)
    assert [guess.name for guess in guesses_fuse([one])] == ["suv", "wagon", "van"]
    assert [guess.confidence for guess in guesses_fuse([one])] == pytest.approx([0.9, 0.1, 0.0], abs=1e-6)
    assert guesses_fuse([(), ()]) == ()


def test_a_body_that_one_artefact_does_not_know_does_not_stop_the_pooling():
    assert guesses_fuse([bodies(suv=0.9, wagon=0.1), bodies(suv=0.8, van=0.2)])[0].name == "suv"
