"""What a challenger must show."""

import pytest

from marketplace.training.compare import Difference
from marketplace.training.gates import gates_judge


def failed(*, top1=0.02, low=0.0, ece=0.03, champion_ece=0.03, coverage=0.5, learned=0, photos=400):
    figures = {"photos": photos, "ece": ece, "coverage_at_3pct_error": coverage}
    gates = gates_judge(
        challenger=figures,
        champion={**figures, "ece": champion_ece, "coverage_at_3pct_error": 0.5},
        top1=Difference(top1, low, top1 + 0.02),
        make=Difference(0.0, 0.0, 0.0),
        learned=learned,
    )
    return [gate.name for gate in gates if not gate.passed]


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ({}, []),
        ({"top1": 0.0}, ["gain"]),
        ({"top1": -0.003, "low": -0.004}, ["gain"]),
        ({"top1": -0.003, "low": -0.004, "learned": 1}, []),
        ({"low": -0.006}, ["top1_difference"]),
        ({"ece": 0.06}, ["ece"]),
        ({"ece": 0.06, "champion_ece": 0.2}, []),
        ({"ece": 0.06, "champion_ece": None}, ["ece"]),
        ({"coverage": 0.47}, ["coverage_difference"]),
        ({"photos": 19}, ["test_photos"]),
    ],
)
def test_each_gate_holds_back_what_it_is_there_for(figures, names):
    assert failed(**figures) == names
