"""Wrong labels come first in the ranking; what cannot be ranked is not called wrong."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from django.conf import settings
from PIL import Image

from classifier.artefact import ArtefactSpec, Preprocessing, artefact_only, artefact_write
from classifier.recognise import WEIGHTS
from classifier.training.data.labels import class_key
from classifier.training.data.manifest import manifest_read
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.evaluation.label_errors import (
    can_be_ranked,
    folds_of,
    label_quality,
    out_of_sample,
    suspects_rank,
)
from classifier.training.progress import Silent
from tests.classifier.conftest import CLASSES, constant_attributes, random_detector

COLOURS = {"Red": (200, 30, 30), "Lime": (30, 200, 30), "Blue": (30, 30, 200)}


def clouds(photos=600, classes=6, width=24, spread=0.9):
    """Features around one centre per class, and whose photos they are: three of each vehicle."""
    random = np.random.default_rng(3)
    labels = np.arange(photos) % classes
    centres = random.normal(size=(classes, width))
    features = (centres[labels] + spread * random.normal(size=(photos, width))).astype(np.float32)
    return features, labels.astype(np.int64), folds_of([f"car-{at // 18}-{at % classes}" for at in range(photos)])


def planted(labels, classes, share=0.05, seed=1):
    """The labels with so many wrong ones, each a random other class, and which ones they are."""
    random = np.random.default_rng(seed)
    wrong = random.choice(len(labels), round(len(labels) * share), replace=False)
    said = labels.copy()
    said[wrong] = (labels[wrong] + random.integers(1, classes, len(wrong))) % classes
    return said, wrong


def found_in_first_tenth(score, wrong):
    return np.isin(wrong, np.argsort(score, kind="stable")[: len(score) // 10]).mean()


def test_planted_errors_come_first_and_are_called_wrong():
    features, labels, folds = clouds()
    said, wrong = planted(labels, 6)
    log_probs = out_of_sample(features, said, folds, classes=6, progress=Silent())
    score, issue = label_quality(log_probs, said)
    assert found_in_first_tenth(score, wrong) >= 0.9
    assert issue[wrong].mean() >= 0.8
    assert np.delete(issue, wrong).mean() <= 0.05
    assert ((score >= 0) & (score <= 1)).all()


def test_nothing_is_called_wrong_where_all_labels_are_right():
    features, labels, folds = clouds(spread=0.4)
    _, issue = label_quality(out_of_sample(features, labels, folds, classes=6, progress=Silent()), labels)
    assert issue.sum() == 0


def test_one_class_has_nothing_to_be_mixed_up_with():
    score, issue = label_quality(np.log(np.full((4, 3), 1 / 3, dtype=np.float32)), np.array([1, 1, 1, 1]))
    assert (score.tolist(), issue.any()) == ([1.0] * 4, False)


def test_a_photo_is_ranked_without_the_other_photos_of_its_car():
    """One vehicle whose photos all have the same wrong label: they must not confirm each other."""
    features, labels, folds = clouds(spread=0.4)
    vehicle = np.flatnonzero((np.arange(len(labels)) < 18) & (labels == 0))
    said = labels.copy()
    said[vehicle] = 1
    log_probs = out_of_sample(features, said, folds, classes=6, progress=Silent())
    assert (log_probs[vehicle].argmax(1) == 0).all()


def test_a_fold_is_a_function_of_the_vehicle():
    assert folds_of(["b", "a", "b"]).tolist() == [*folds_of(["b"]), *folds_of(["a"]), *folds_of(["b"])]
    assert len(set(folds_of([f"car-{at}" for at in range(100)]).tolist())) == 5


def test_what_the_other_folds_hardly_show_is_not_ranked():
    labels = np.array([0] * 6 + [1] * 6)
    folds = np.array([0, 1, 2, 3, 4, 0] + [2] * 6)  # all photos of the second class are one vehicle's
    assert can_be_ranked(labels, folds).tolist() == [True] * 6 + [False] * 6


@pytest.fixture
def lot(tmp_path, convert):
    """Thirty cars of three colours, one photo each, and a weights folder with tiny networks."""
    torch.manual_seed(0)
    network = timm.create_model("test_efficientnet", num_classes=len(CLASSES))
    spec = ArtefactSpec(
        task="classifier", backbone="test_efficientnet", preprocessing=Preprocessing(input_size=32), classes=CLASSES
    )
    weights = tmp_path / "weights"
    artefact_write(parent=weights / "classifier", name="tiny", spec=spec, state_dict=network.state_dict())
    convert(random_detector(weights / "detector", confidence=0.0), constant_attributes(weights / "usable", "exterior"))
    random = np.random.default_rng(0)
    names = list(COLOURS)
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "make", "model", "split"])
        for at in range(60):
            pixels = np.clip(np.array(COLOURS[names[at % 3]]) + random.normal(0, 12, (40, 60, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{at}.jpg", quality=95)
            writer.writerow([f"{at}.jpg", "Make", names[at % 3], "train" if at < 57 else "test"])
    return tmp_path


def rank(lot, rows, **given):
    base = artefact_only(lot / "weights" / "classifier")
    return suspects_rank(
        rows=rows, weights=lot / "weights", base=base, work_dir=lot / "work", progress=Silent(),
        engine_cache=Path(settings.ENGINE_CACHE_DIR), **given,
    )  # fmt: skip


def test_it_names_the_wrong_label_and_what_it_should_be(lot):
    (lot / "work").mkdir()
    rows = manifest_read(lot)
    rows[4] = replace(rows[4], model="Red")  # which is lime
    ranking = rank(lot, rows)
    first = ranking.suspects[0]
    assert (first.rank, first.row, first.issue) == (1, rows[4], True)
    assert (first.others[0].make, first.others[0].model) == ("Make", "Lime")
    assert first.stated < first.others[0].confidence <= 1
    assert [one.row for one in ranking.issues] == [rows[4]]
    assert (len(ranking.suspects), ranking.not_ranked) == (57, 0)
    assert ranking.by.startswith("tiny-")
    assert rank(lot, rows) == ranking  # from the caches, and the same


def test_it_ranks_what_is_learned_from_only_unless_asked(lot):
    (lot / "work").mkdir()
    rows = manifest_read(lot)
    assert {one.row.split for one in rank(lot, rows).suspects} == {"train"}
    asked = rank(lot, rows, splits=("train", "test"))
    assert len(asked.suspects) == 60


def test_it_counts_what_it_cannot_rank(lot):
    (lot / "work").mkdir()
    rows = manifest_read(lot)
    rows[0] = replace(rows[0], model="Seen once")
    (lot / "3.jpg").write_bytes(b"no photo")
    ranking = rank(lot, rows)
    assert (len(ranking.suspects), ranking.not_ranked) == (55, 2)


def test_it_refuses_where_there_is_nothing_to_compare_with(lot):
    (lot / "work").mkdir()
    one_car = [replace(row, model="Red") for row in manifest_read(lot)]
    with pytest.raises(TrainError, match="at least 2 are needed"):
        rank(lot, one_car)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """A working folder for both backbones: the photos are cut once."""
    return tmp_path_factory.mktemp("work")


@pytest.mark.slow
@pytest.mark.timeout(1800)  # thousands of photos are cut and looked at
@pytest.mark.parametrize("backbone", ["imagenet", "starter"])
def test_planted_errors_of_real_photos_come_first(car_photos, crops, backbone):
    """5 % of the Stanford photos to train on get another car's label: 60 % must be in the first
    tenth.

    The starter has learnt these photos' right labels, which flatters it; ImageNet none at all.
    """
    rows = [row for row in manifest_read(car_photos / "stanford_cars") if split_of(row) == "train"]
    cars = sorted({(row.make, row.model, row.year) for row in rows})
    random = np.random.default_rng(0)
    wrong = set(random.choice(len(rows), len(rows) // 20, replace=False).tolist())
    said = []
    for at, row in enumerate(rows):
        others = [car for car in cars if class_key(*car) != class_key(row.make, row.model, row.year)]
        make, model, year = others[random.integers(len(others))] if at in wrong else (row.make, row.model, row.year)
        said.append(replace(row, make=make, model=model, year=year))
    base = artefact_only(WEIGHTS / "classifier") if backbone == "starter" else None
    ranking = suspects_rank(rows=said, weights=WEIGHTS, base=base, work_dir=crops, progress=Silent())
    first = {one.row.file for one in ranking.suspects[: len(ranking.suspects) // 10]}
    found = np.mean([rows[at].file in first for at in wrong])
    where = f"the first tenth of {len(ranking.suspects)} photos"
    print(f"{backbone}: {found:.3f} of {len(wrong)} planted errors are in {where}")
    assert found >= 0.6
