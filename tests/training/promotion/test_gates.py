"""The gates of a promotion."""

from dataclasses import dataclass, replace

import pytest

from marketplace.training.promotion.comparison import ClassChange, Difference
from marketplace.training.promotion.evidence import Evidence
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.gates import Gate, gates_check, gates_missed
from marketplace.training.promotion.known_cars import Forgotten
from marketplace.training.promotion.measurements import (
    Calibration,
    Fills,
    Measurements,
    NewCars,
    NewLabels,
    OldCars,
    Paired,
)

NONE = Difference(0.0, 0.0, 0.0)
SEEN = Evidence(400, 120, 30, 3)


@dataclass
class Figures:
    """A challenger that passes every gate, unless some of its figures are others."""

    top1: float = 0.02
    low: float = 0.0
    make: float = 0.0
    ece: float | None = 0.03
    """On old cars."""
    ece_of_all: float | None = 0.03
    by_chance: float = 0.01
    champion_ece: float = 0.03
    coverage: Difference = NONE
    fall: float = 0.0
    source_fall: float = 0.0
    learned: int = 0
    right: float | None = None
    tested: int = 60
    """Test photos of the cars that were learned."""
    filled: int = 300
    wrong: int = 6
    champion_wrong: int = 6
    lacking: str = ""
    contradicted: int = 2
    differing: int = 0
    sample: int = 100
    took: float = 50.0
    champion_took: float = 50.0
    photos: int = 400
    alone: bool = False


def measured(**figures):
    f = Figures(**figures)
    challenger = {"photos": f.photos, "ece": f.ece if f.alone else f.ece_of_all, "ece_by_chance": f.by_chance}
    calibration = None
    if f.ece is not None:
        calibration = Calibration(f.ece, f.champion_ece, f.by_chance, Difference(f.ece - f.champion_ece, -0.1, 0.1))
    old = OldCars(
        top1=Difference(f.top1, f.low, f.top1 + 0.02),
        make=Difference(f.make, f.make - 0.01, f.make + 0.01),
        coverage=f.coverage,
        calibration=calibration,
        classes=[ClassChange("Skoda Fabia", 25, 0.9, 0.9 + f.fall), ClassChange("other Volvo", 40, 0.8, 0.9)],
        sources=[ClassChange("lot", 200, 0.9, 0.9 + f.source_fall)],
    )
    paired = Paired(
        old=old,
        evidence=SEEN,
        lacking=f.lacking,
        new=NewCars(f.learned, Evidence(f.tested, f.learned, 1, 1), f.right),
        fills=Fills(f.filled, f.wrong, 400),
        champion_fills=Fills(300, f.champion_wrong, 400),
    )
    return Measurements(
        challenger=challenger,
        champion=None if f.alone else challenger,
        paired=None if f.alone else paired,
        labels=NewLabels(100, f.contradicted),
        parity=Parity(f.sample, f.differing, 0.01) if f.sample else None,
        latency=Latency(40, f.took, None if f.alone else f.champion_took),
    )


def checked(**figures):
    return gates_check(measured=measured(**figures), budget_ms=120)


def missed(gates):
    return [gate.name for gate in gates if not gate.passed]


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ({}, []),
        ({"top1": 0.0}, ["gain"]),
        ({"top1": -0.003, "low": -0.004}, ["gain"]),
        ({"low": -0.005}, ["top1_difference"]),
        ({"make": -0.001}, ["make_top1_difference"]),
        ({"fall": -0.1}, []),
        ({"fall": -0.11}, ["class_fall"]),
        ({"source_fall": -0.06}, ["source_fall"]),
        ({"ece": 0.06}, ["ece"]),
        ({"ece": 0.08, "champion_ece": 0.075}, []),
        ({"ece": 0.06, "alone": True}, ["ece"]),
        ({"ece_of_all": 0.10}, []),
        ({"ece_of_all": 0.11}, ["ece_of_all"]),
        ({"ece": 0.08, "by_chance": 0.09}, []),
        ({"ece": 0.095, "by_chance": 0.09}, ["ece"]),
        ({"coverage": Difference(-0.02, -0.06, 0.01)}, []),
        ({"coverage": Difference(-0.01, -0.019, -0.001)}, ["coverage_difference"]),
        ({"coverage": Difference(-0.03, -0.3, 0.2)}, ["coverage_loss"]),
        ({"wrong": 9}, []),
        ({"wrong": 10}, ["wrong_fills"]),
        ({"filled": 4, "wrong": 1}, []),  # of four forms one is a large share
        ({"contradicted": 10}, []),
        ({"contradicted": 11}, ["new_labels"]),
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
    assert missed(checked(**figures)) == names


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ({"top1": 0.0, "right": 0.9}, []),
        # They may take a point from the old ones.
        ({"top1": -0.009, "low": -0.019, "make": -0.009, "right": 0.9}, []),
        ({"top1": -0.011, "low": -0.019, "right": 0.9}, ["top1_loss"]),
        ({"top1": -0.009, "low": -0.021, "right": 0.9}, ["top1_difference"]),
        ({"top1": 0.0, "make": -0.011, "right": 0.9}, ["make_top1_difference"]),
        # Not to name them is no gain.
        ({"top1": 0.0, "right": 0.5}, ["gain", "new_models"]),
        ({"top1": 0.01, "right": 0.5}, ["new_models"]),
        ({"top1": 0.01, "right": 1.0, "tested": 4}, ["new_models"]),
        ({"top1": 0.0, "right": None, "tested": 0}, ["gain", "new_models"]),
    ],
)
def test_new_cars_count_apart_from_old_ones(figures, names):
    assert missed(checked(learned=6, **figures)) == names


@pytest.mark.parametrize(("ece", "wrong"), [(0.11, 16), (0.5, 150)])
def test_no_limit_rises_with_a_bad_champion_beyond_its_ceiling(ece, wrong):
    bad = {"champion_ece": ece, "champion_wrong": wrong}
    assert missed(checked(ece=0.10, wrong=15, **bad)) == []
    assert missed(checked(ece=0.101, wrong=16, **bad)) == ["ece", "wrong_fills"]


def test_what_is_not_shown_is_not_passed():
    lacks = checked(lacking="photos show 12 of the 310 models that the champion knows, 155 are needed")
    unshown = {gate.name for gate in lacks if gate.state == "not shown"}
    assert unshown == {
        "top1_difference", "top1_loss", "make_top1_difference", "coverage_difference", "coverage_loss", "class_fall",
        "source_fall", "ece",
    }  # fmt: skip
    assert set(missed(lacks)) == unshown
    words = gates_missed(lacks)
    assert words.count("12 of the 310 models") == 1  # said once, however many gates lack the same
    assert words.startswith("top-1 of old cars, makes of old cars, coverage, ")


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("ece", {"ece": None}),
        ("ece_of_all", {"ece_of_all": None}),
        ("ece_of_all", {"ece_of_all": 0.11, "by_chance": 0.12}),
        ("parity", {"sample": 0}),
        ("new_models", {"learned": 2, "right": None, "tested": 0}),
    ],
)
def test_a_gate_without_photos_shows_nothing(name, figures):
    gate = next(gate for gate in checked(**figures) if gate.name == name)
    assert (gate.passed, gate.shown) == (False, False)
    assert "not shown: " in gate.text


def test_neither_classes_nor_sources_pass_because_none_has_enough_photos():
    given = measured()
    bare = replace(given, paired=replace(given.paired, old=replace(given.paired.old, classes=[], sources=[])))
    gates = gates_check(measured=bare, budget_ms=120)
    assert {gate.name for gate in gates if not gate.shown} == {"class_fall", "source_fall"}
    assert set(missed(gates)) == {"class_fall", "source_fall"}
    untested = replace(given, paired=replace(given.paired, old=None))
    assert len([gate for gate in gates_check(measured=untested, budget_ms=120) if not gate.shown]) == 8


def test_a_gate_names_the_photos_that_it_stands_on():
    gates = {gate.name: gate for gate in checked(learned=2, right=0.9)}
    assert gates["class_fall"].evidence == gates["top1_difference"].evidence == SEEN
    assert gates["top1_difference"].as_dict()["evidence"] == {"photos": 400, "models": 120, "makes": 30, "sources": 3}
    assert gates["new_models"].evidence.words == "60 photos of 2 models, 1 make, 1 source"


def test_it_names_the_class_that_fell_most():
    said = {gate.name: gate.text for gate in checked(fall=-0.2)}
    assert said["class_fall"] == "worst group of cars Skoda Fabia: 0.900 → 0.700 on 25 photos"


def test_it_states_the_calibration_error_of_chance_where_that_raises_the_limit():
    said = [
        {gate.name: gate for gate in checked(ece=0.082, by_chance=chance, alone=True)}["ece"] for chance in (0.04, 0.09)
    ]
    assert [gate.text for gate in said] == ["calibration error 0.082", "calibration error 0.082, 0.090 by chance alone"]
    assert [gate.limit for gate in said] == [0.05, 0.09]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (
            {"learned": 6, "top1": -0.002, "low": -0.009, "right": 0.9},
            "+6 models; old models −0.2 points (−0.9…+1.8)",
        ),
        ({"top1": 0.012, "low": 0.004}, "no new model; old models +1.2 points (+0.4…+3.2)"),
        ({"learned": 1, "top1": 0.0}, "+1 model; old models +0.0 points (+0.0…+2.0)"),
    ],
)
def test_the_headline_says_what_was_learned_and_what_became_of_the_old(figures, words):
    assert measured(**figures).as_dict()["headline"] == words


def test_forgotten_models_that_sellers_offer_are_named():
    given = replace(measured(), forgotten=Forgotten(["Volvo V70"], 3))
    gate = next(one for one in gates_check(measured=given, budget_ms=120) if one.name == "forgotten_models")
    assert not gate.passed
    assert "such as Volvo V70; 3 more" in gate.text


def test_what_failed_is_said_before_what_was_not_shown():
    gates = [
        Gate("a", 0, 1, passed=False, text="x not shown: no photo", shown=False), Gate("b", 0, 1, False, "worse"),
        Gate("c", 1, 1, passed=True, text="fine"),
    ]  # fmt: skip
    assert gates_missed(gates) == "worse; x not shown: no photo"
