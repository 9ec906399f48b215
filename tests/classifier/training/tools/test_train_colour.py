"""Training the colour classifier: from labels to an artefact that serves."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from classifier.artefact import NEVER
from classifier.colour import COLOURS, ColourClassifier, Rule
from classifier.engines.torch_engine import TorchEngine
from classifier.paint import paint_statistics
from classifier.preprocess import Decoded
from classifier.training.data.colour_labels import ColourLabel
from classifier.training.tools.colour_photos import ColourPhotos, LabelError, changed, vehicles_of
from classifier.training.tools.colour_rule import RulePlan, cross_validated
from classifier.training.tools.train_colour import BACKBONE, colour_train, figures, main, paint_network

PLAN = RulePlan(
    members=("statistics", "both"), seeds=1, hidden=16, epochs=20, batch=16, learning_rate=1e-2, dropout=0.1
)
SHOWN = ("red", "blue", "white")


def label(colour, at=0, *, also="", split="train", chosen="random"):
    return ColourLabel(f"cars/{colour}-{at}.jpg", colour, also, None, chosen, split)


def photos_of(labels, *, statistics=4, network=4):
    """Features in which the colours stand apart."""
    random = np.random.default_rng(0)
    truth = np.asarray([COLOURS.index(one.colour) for one in labels])
    features = random.normal(0, 0.3, (2, len(labels), statistics + network)).astype(np.float32)
    for at, colour in enumerate(SHOWN):
        features[:, truth == COLOURS.index(colour), at :: len(SHOWN)] += 3
    also = np.asarray([COLOURS.index(one.also) if one.also else -1 for one in labels])
    return ColourPhotos(labels, [one.file for one in labels], features, statistics, truth, also)


@pytest.fixture(scope="module")
def labels():
    return [label(colour, at, split="train" if at < 20 else "test") for colour in SHOWN for at in range(28)]


def test_what_it_writes_tells_colours_of_cars_it_never_saw(labels, tmp_path):
    network = paint_network(BACKBONE)
    car = Image.new("RGB", (8, 8))
    wide = photos_of(labels, statistics=len(paint_statistics(car, car, (0, 0, 1, 1))), network=network.features)
    artefact = colour_train(wide, network=network, plan=PLAN, out=tmp_path)
    test = artefact.spec.metrics["test"]
    assert (test["all"]["photos"], test["all"]["accuracy"]) == (24, 1.0)
    assert test["confusion"]["red"] == {"red": 8}
    assert artefact.spec.metrics["train_photos"] == 60
    (head,) = artefact.spec.heads
    assert 0 < head.threshold <= NEVER
    assert Rule.of(artefact)(wide.features[0]).argmax(axis=1).tolist() == wide.truth.tolist()
    classifier = ColourClassifier(TorchEngine.open(artefact), artefact)
    (said,) = classifier.colours([classifier.prepare(Decoded(Image.new("RGB", (80, 60)), (80, 60)), (0, 0, 80, 60))])
    assert {one.name for one in said} == set(COLOURS)


def test_no_photo_is_answered_by_a_rule_that_saw_its_car(labels):
    photos = photos_of(labels)
    of_one_car = replace(photos, vehicles=[one.colour for one in labels])  # each colour is one car
    assert (cross_validated(photos, PLAN, folds=3).argmax(axis=1) == photos.truth).mean() > 0.95
    assert (cross_validated(of_one_car, PLAN, folds=3).argmax(axis=1) == photos.truth).mean() < 0.2


def test_figures_count_the_other_name_that_one_may_call_it_apart():
    photos = photos_of([label("silver", also="grey"), label("red", 1), label("blue", 2, chosen="rare")])
    logits = np.full((3, len(COLOURS)), -5.0, dtype=np.float32)
    logits[[0, 1, 2], [COLOURS.index("grey"), COLOURS.index("red"), COLOURS.index("red")]] = 5.0
    said = figures(logits, photos, threshold=0.9)
    assert (said["at_random"]["photos"], said["at_random"]["accuracy"], said["at_random"]["either"]) == (2, 0.5, 1.0)
    assert said["at_random"]["clear"] == {"photos": 1, "accuracy": 1.0}
    assert (said["all"]["wrong_of_filled"], said["all"]["not_first_of_filled"]) == (0.3333, 0.6667)
    assert figures(logits, photos, threshold=NEVER)["all"]["wrong_of_filled"] is None


def test_a_changed_car_stays_in_its_photo_and_moves_with_its_mirror_image():
    random = np.random.default_rng(3)
    photo = Image.new("RGB", (80, 60), (90, 90, 90))
    photo.paste((200, 20, 30), (10, 15, 70, 50))
    for _ in range(20):
        decoded, (left, top, right, bottom) = changed(Decoded(photo, photo.size), (10, 15, 70, 50), random)
        assert 0 <= left < right <= 80
        assert 0 <= top < bottom <= 60
        middle = decoded.image.getpixel(((left + right) // 2, (top + bottom) // 2))
        assert middle[0] > 2 * middle[2]


@pytest.fixture
def cars(tmp_path):
    folder = tmp_path / "cars"
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "make", "model", "vehicle", "split"])
        writer.writerows([["red-0.jpg", "Fiat", "500", "a", "train"], ["red-1.jpg", "Fiat", "500", "a", "train"]])
        writer.writerows([["red-2.jpg", "Fiat", "500", "b", "test"]])
    for at in range(3):
        (folder / f"red-{at}.jpg").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([label("red"), label("red", 1, split="test")], "two sides"),
        ([label("red", 2)], "held out"),
        ([label("red", 7)], "in no manifest"),
    ],
)
def test_labels_that_would_leak_or_have_no_photo_are_refused(cars, labels, why):
    with pytest.raises(LabelError, match=why):
        vehicles_of(labels, cars)


def test_vehicles_come_from_the_manifests(cars):
    assert vehicles_of([label("red", 1), label("red", 2, split="test")], cars) == ["cars/a", "cars/b"]


@pytest.mark.parametrize("given", [[], ["--check", "--out", "x", "--photos", "y"]])
def test_the_command_says_what_it_needs(given, monkeypatch, capsys):
    monkeypatch.delenv("CAR_PHOTOS", raising=False)
    with pytest.raises(SystemExit) as stop:
        main(given)
    assert stop.value.code == 2
    assert "one of --out, --compare and --check" in capsys.readouterr().err
