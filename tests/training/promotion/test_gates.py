"""The gates of a promotion."""

from dataclasses import dataclass

import pytest

from marketplace.training.promotion.comparison import ClassChange, Difference
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.gates import Measurements, Paired, gates_check

NONE = Difference(0.0, 0.0, 0.0)


@dataclass
class Figures:
    """A challenger that passes every gate, unless some of its figures are others."""

    top1: float = 0.02
    low: float = 0.0
    make: float = 0.0
    ece: float = 0.03
    by_chance: float = 0.01
    champion_ece: float | None = 0.03
    coverage: Difference = NONE
    fall: float = 0.0
    differing: int = 0
    sample: int = 100
    took: float = 50.0
    champion_took: float = 50.0
    learned: int = 0
    photos: int = 400
    alone: bool = False


def checked(**figures):
    f = Figures(**figures)
    challenger = {"photos": f.photos, "ece": f.ece, "ece_by_chance": f.by_chance}
    paired = Paired(
        top1=Difference(f.top1, f.low, f.top1 + 0.02),
        make=Difference(f.make, f.make - 0.01, f.make + 0.01),
        coverage=f.coverage,
        classes=[ClassChange("Skoda Fabia", 25, 0.9, 0.9 + f.fall), ClassChange("Volvo V70", 40, 0.8, 0.9)],
    )
    measured = Measurements(
        challenger=challenger,
        champion=None if f.alone else {**challenger, "ece": f.champion_ece},
        paired=None if f.alone else paired,
        learned=f.learned,
        parity=Parity(f.sample, f.differing, 0.01),
        latency=Latency(40, f.took, None if f.alone else f.champion_took),
    )
    return gates_check(measured=measured, budget_ms=120)


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ({}, []),
        ({"top1": 0.0}, ["gain"]),
        ({"top1": -0.003, "low": -0.004}, ["gain"]),
        ({"top1": -0.003, "low": -0.004, "learned": 1}, []),
        ({"low": -0.005}, ["top1_difference"]),
        ({"make": -0.001}, ["make_top1_difference"]),
        ({"fall": -0.1}, []),
        ({"fall": -0.11}, ["class_fall"]),
        ({"ece": 0.06}, ["ece"]),
        ({"ece": 0.06, "champion_ece": 0.2}, []),
        ({"ece": 0.06, "champion_ece": None}, ["ece"]),
        ({"ece": 0.12, "by_chance": 0.13}, []),
        ({"ece": 0.14, "by_chance": 0.13}, ["ece"]),
        ({"coverage": Difference(-0.02, -0.06, 0.01)}, []),
        ({"coverage": Difference(-0.01, -0.019, -0.001)}, ["coverage_difference"]),
        ({"coverage": Difference(-0.03, -0.3, 0.2)}, ["coverage_loss"]),
        ({"differing": 1}, []),
        ({"differing": 2}, ["parity"]),
        ({"differing": 1, "sample": 7}, []),
        ({"differing": 2, "sample": 7}, ["parity"]),
        ({"took": 121.0}, ["latency_ms"]),
        ({"took": 590.0, "champion_took": 500.0}, []),
        ({"took": 610.0, "champion_took": 500.0}, ["latency_ms"]),
        ({"took": 121.0, "alone": True}, ["latency_ms"]),
        ({"alone": True}, []),
        ({"photos": 19}, ["test_photos"]),
    ],
)
def test_each_gate_fails_beyond_its_limit_only(figures, names):
    assert [gate.name for gate in checked(**figures) if not gate.passed] == names


def test_it_names_the_class_that_fell_most():
    said = {gate.name: gate.text for gate in checked(fall=-0.2)}
    assert said["class_fall"] == "worst class Skoda Fabia: 0.900 → 0.700 on 25 photos"


def test_it_states_the_calibration_error_of_chance_where_that_raises_the_limit():
    said = [{gate.name: gate for gate in checked(ece=0.12, by_chance=chance)}["ece"] for chance in (0.04, 0.13)]
    assert [gate.text for gate in said] == ["calibration error 0.120", "calibration error 0.120, 0.130 by chance alone"]
    assert [gate.limit for gate in said] == [0.05, 0.13]
