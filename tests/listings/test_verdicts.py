"""What a stored verdict says of look-alikes."""

import pytest

from marketplace.listings.verdicts import candidate_names, candidate_sure, group_sure, model_sure, one_of
from tests.listings.conftest import verdict


def test_names_are_joined_as_people_do():
    assert one_of(["A"]) == "A"
    assert one_of(["A", "B"]) == "A or B"
    assert one_of(["A", "B", "C"]) == "A, B or C"


def test_many_names_are_cut_short_but_not_by_one_alone():
    assert one_of(["A", "B", "C"], most=2) == "A, B or C"
    assert one_of(["A", "B", "C", "D"], most=2) == "A, B or another look-alike"


def test_a_candidate_stands_for_its_look_alikes():
    first = verdict(model_sure=0.58, alike=("Audi A4",))["candidates"][0]
    assert (candidate_names(first), candidate_sure(first)) == (["Volkswagen Golf", "Audi A4"], 0.97)


def test_a_candidate_from_before_look_alikes_were_told_stands_for_itself():
    first = verdict(model_sure=0.58)["candidates"][0]
    assert (candidate_names(first), candidate_sure(first)) == (["Volkswagen Golf"], 0.58)


@pytest.mark.parametrize(
    ("said", "model", "group"),
    [
        (verdict(), True, False),
        (verdict(model_sure=0.79), False, False),
        (verdict(alike=("Audi A4",)), False, True),
        ({**verdict(), "model": None}, False, False),
    ],
    ids=["sure", "unsure", "look-alikes", "a make only"],
)
def test_a_verdict_is_sure_of_a_model_or_of_a_group(said, model, group):
    assert (model_sure(said), group_sure(said)) == (model, group)
