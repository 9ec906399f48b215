"""Temperature and thresholds of a trained network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import NEVER, ArtefactSpec, Preprocessing, Thresholds, TrainedClass
from classifier.fuse import log_softmax
from classifier.recognition import Recognition
from classifier.training.calibration import class_temperatures_fit
from classifier.training.data.manifest import ManifestRow
from classifier.training.finish import calibrate

CLASSES = (TrainedClass("Ford", "Focus Wagon"), TrainedClass("Ford", "Focus Sedan"), TrainedClass("Volvo", "V70"))


def spec(**fields):
    return ArtefactSpec(
        task="classifier", backbone="none", preprocessing=Preprocessing(32), classes=CLASSES, temperature=1.2,
        thresholds=Thresholds(model=0.9, make=0.8), **fields,
    )  # fmt: skip


def row(number, name):
    return ManifestRow(
        path=Path(f"{number}.jpg"), file="", make=name[0], model=name[1], vehicle=f"{number}", source="s"
    )


def answers(photos, logits, names):
    said = Recognition("ok", log_probs=log_softmax(np.array(logits, dtype=np.float32)))
    return [said] * photos, [row(n, names[n % 2]) for n in range(photos)]


def test_thresholds_hold_for_what_a_site_adds_up_under_its_own_names():
    """The network cannot tell the two bodies apart, nor need it: the site asks for the model."""
    raw, rows = answers(60, [4, 4, -9], [("Ford", "Focus Wagon"), ("Ford", "Focus Sedan")])
    _, apart = calibrate(raw, rows, spec())
    _, together = calibrate(raw, rows, spec(), rename=lambda make, model: (make, model.split()[0]))
    assert apart.model == NEVER
    assert together.model == pytest.approx(1.0, abs=1e-3)
    assert apart.make == together.make == pytest.approx(1.0, abs=1e-3)


def test_a_name_that_only_the_site_knows_as_a_trained_one_is_no_error():
    raw, rows = answers(60, [9, -9, -9], [("Ford", "Focus Wagon"), ("FORD", "Focus Turnier")])
    known = {("FORD", "Focus Turnier"): ("Ford", "Focus Wagon")}
    assert calibrate(raw, rows, spec())[1].model == NEVER
    assert calibrate(raw, rows, spec(), rename=lambda *name: known.get(name, name))[1].model < 1.001


@pytest.mark.parametrize("model", ["Focus", ""])
def test_a_classifier_of_makes_fills_in_makes_and_never_a_model(model):
    makes = replace(spec(), classes=(TrainedClass("Ford", ""), TrainedClass("Volvo", "")))
    raw, rows = answers(60, [9, -9], [("Ford", model), ("ford", model)])
    _, thresholds = calibrate(raw, rows, makes)
    assert thresholds.model == NEVER
    assert thresholds.make <= 1.0


@pytest.mark.parametrize("photos", [0, 25])
def test_an_extended_artefact_keeps_thresholds_with_the_temperature_they_hold_at(photos):
    raw, rows = answers(photos, [1, 0, 0], [("Ford", "Focus Wagon"), ("Volvo", "V70")])
    extended = spec(recipe={"extends": "champion"})
    assert calibrate(raw, rows, extended) == (extended.temperature, extended.thresholds)


def test_each_source_gets_the_temperature_that_its_photos_ask_for():
    """Of two classes the network is underconfident, of the other two overconfident."""
    labels, turn = np.arange(400) % 4, np.arange(400) // 4
    wrong = np.where(labels < 2, turn % 50 == 0, turn % 5 < 2)
    truth = np.where(wrong, labels ^ 1, labels)
    logits = np.full((400, 4), -90.0)
    logits[np.arange(400), labels], logits[np.arange(400), labels ^ 1] = 2, 0
    sources = ["cars" if label < 2 else "ads" for label in truth]
    shares = {"cars": np.array([1.0, 1, 0, 0]), "ads": np.array([0.0, 0, 1, 1]), "few": np.zeros(4)}
    found = class_temperatures_fit(logits, truth, sources, shares)
    assert found[0] == found[1] == pytest.approx(2 / np.log(0.98 / 0.02), rel=0.01)
    assert found[2] == found[3] == pytest.approx(2 / np.log(0.6 / 0.4), rel=0.01)
    assert class_temperatures_fit(logits[:60], truth[:60], ["cars"] * 60, shares) == ()
