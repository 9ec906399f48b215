"""The attribute classifier learns kind, view and body from what manifests say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from classifier.artefact import NEVER, Preprocessing, artefact_open
from classifier.attributes import BODIES, VIEWS
from classifier.fuse import log_softmax
from classifier.training.data.attribute_labels import BODY, KIND, VIEW, body_of, labels_of, mirrored
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import ManifestRow, manifest_write
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.evaluation.attribute_metrics import body_metrics
from classifier.training.loop.loss import TemperedHeadsLoss
from classifier.training.progress import Silent
from classifier.training.recipe import Recipe
from classifier.training.tools.train_attributes import PLANS, Plan, attributes_train, main


def row(model="", **columns):
    return ManifestRow(Path("x.jpg"), "x.jpg", "Ford", model, **columns)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("S4 Sedan", "sedan"),
        ("E-Series Wagon Van", "van"),  # the last word counts
        ("C/V Cargo Van Minivan", "minivan"),
        ("Phantom Drophead Coupe Convertible", "convertible"),
        ("Ram Pickup 3500 Quad Cab", "pickup"),
        ("Ranger SuperCab", "pickup"),
        ("Elantra Touring Hatchback", "hatchback"),
        ("X5 SUV", "suv"),
        ("300 SRT-8", ""),
        ("Vanquish", ""),
    ],
)
def test_the_body_stands_in_stanfords_model_names(model, body):
    assert body_of(row(model)) == body


def test_what_the_manifest_says_of_the_body_goes_before_the_name_and_only_exteriors_have_one():
    assert body_of(row("Focus Wagon", body="HatchBack")) == "hatchback"
    assert body_of(row("Focus", body="MiniVan_and_MicroVan")) == "minivan"
    assert body_of(row("Focus Wagon", body="tractor")) == ""
    assert body_of(row("Focus Sedan", body="Sedan", kind="interior")) == ""


def test_a_mirrored_photo_shows_the_mirrored_view_and_twice_mirrored_the_same():
    labels = labels_of([row(view=view, body="sedan") for view in (*VIEWS, "")])
    turned = mirrored(labels)
    names = [VIEWS[number] for number in turned[:-1, VIEW]]
    assert names == [
        "front", "front-right", "side-right", "rear-right", "rear", "rear-left", "side-left", "front-left",
    ]  # fmt: skip
    assert turned[-1, VIEW] == UNKNOWN
    assert (turned[:, [KIND, BODY]] == labels[:, [KIND, BODY]]).all()
    assert (mirrored(turned) == labels).all()


def test_a_picture_comes_plain_in_one_epoch_and_mirrored_with_its_labels_in_the_next():
    pixels = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    pixels[:, :, :32] = 255  # bright on the left
    labels = np.asarray([[0, VIEWS.index("rear-left"), UNKNOWN]])
    photos = CropSet(pixels, np.asarray([0]), labels, Preprocessing(64), mirrored=mirrored(labels))
    recipe = Recipe(input_sizes=(64,), crop_scale=1.0, randaugment_ops=0, erasing=0.0)
    for epoch, view in enumerate(["rear-left", "rear-right", "rear-left"]):
        photos.augment(recipe, size=64, epoch=epoch)
        image, said = photos[0]
        bright_left = bool(image[:, :, :16].mean() > image[:, :, -16:].mean())
        assert (bright_left, VIEWS[said[VIEW]]) == (view == "rear-left", view)


def test_bodies_are_measured_by_source_by_unseen_models_and_by_car():
    rows = [row("Focus", vehicle="a", source="ads"), row("Focus", vehicle="a", source="ads"), row("Ka", vehicle="b")]
    logits = np.zeros((3, len(BODIES)), dtype=np.float32)
    logits[0, 0], logits[1, 1], logits[2, 0] = 9.0, 1.0, 9.0
    measured = body_metrics(
        log_softmax(logits), np.asarray([0, 0, 0]), rows, threshold=0.9, trained=[row("focus", source="ads")]
    )
    assert (measured["n"], measured["by_source"]["ads"]["accuracy"]) == (3, 0.5)
    assert measured["unseen_models"]["n"] == 1
    assert measured["above_threshold"] == {"answered": 2, "wrong": 0}
    several = measured["cars_of_several_photos"]
    assert (several["n"], several["accuracy"], several["photo_by_photo"]["accuracy"]) == (1, 1.0, 0.5)


@pytest.fixture
def backbones(tmp_path, monkeypatch):
    torch.manual_seed(1)
    save_file(timm.create_model("test_efficientnet").state_dict(), tmp_path / "test_efficientnet.safetensors")
    monkeypatch.setenv("FORECOURT_BACKBONES", str(tmp_path))


def pictures(folder, count):
    """Rows of plain pictures: every fourth an interior, every fifth of the others no car."""
    rows = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        Image.new("RGB", (64, 48), (number % 25 * 10, 80, number % 200)).save(path)
        columns = {"view": VIEWS[number % 8], "body": BODIES[number % 9]}
        if number % 4 == 0:
            columns = {"kind": "interior"}
        elif number % 5 == 0:
            columns = {"kind": "other", "body": "motorcycle"}
        side = "train" if number < count * 2 / 3 else "val"
        rows.append(ManifestRow(path, path.name, "Ford", "Ka", vehicle=path.name, split=side, source="ads", **columns))
    return rows


@pytest.mark.usefixtures("backbones")
def test_a_small_training_writes_an_artefact_with_both_heads(tmp_path):
    rows = [replace(row, split="test") if row.split == "val" else row for row in pictures(tmp_path, 24)]
    recipe = Recipe(name="usable", backbone="test_efficientnet", input_sizes=(32,), epochs=1, batch=8)
    result = attributes_train(
        rows=rows, out=tmp_path / "out", work_dir=tmp_path / "work", progress=Silent(), plan=Plan(recipe)
    )
    spec = result.artefact.spec
    assert spec.labels == ("exterior", "interior", "detail", "other")
    assert [(head.name, head.labels) for head in spec.heads] == [("view", VIEWS), ("body", BODIES)]
    assert spec.outputs() == 21
    assert spec.heads[1].threshold == NEVER  # nothing to measure it on
    assert (spec.metrics["n"], spec.metrics["view"]["n"], spec.metrics["body"]["n"]) == (8, 6, 6)


@pytest.mark.usefixtures("backbones")
def test_the_command_trains_on_a_manifest_in_two_rounds_and_continues_where_it_was(tmp_path, capsys):
    folder = tmp_path / "ads"
    folder.mkdir()
    manifest_write(folder / "manifest.csv", pictures(folder, 200))
    given = [
        "--manifest", str(folder), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--plan", "gpu",
        "--epochs", "1", "--rounds", "2", "--set", "backbone=test_efficientnet", "--set", "input_sizes=[32]",
    ]  # fmt: skip
    assert main(given) == 0
    (artefact,) = (tmp_path / "out").iterdir()
    assert artefact.name.startswith("usable-efficientnet-")
    spec = artefact_open(artefact).spec
    assert spec.recipe["epochs"] == 1
    assert [one["size"] for one in spec.metrics["history"]] == [32, 32]  # a round each
    assert spec.metrics["others_found"]["n"] > 0
    assert {name: list(of) for name, of in spec.metrics["val"].items()} == {
        "kind": ["ads"], "view": ["ads"], "body": ["ads"],
    }  # fmt: skip
    assert main([*given, "--resume"]) == 0
    assert capsys.readouterr().out.count(artefact.name) == 2  # nothing to do, the same weights


@pytest.mark.parametrize(
    ("setting", "message"),
    [(["--set", "epoch=3"], "unknown key 'epoch'"), (["--rounds", "0"], "rounds must be at least 1, not 0")],
)
def test_what_the_command_cannot_do_is_one_line(setting, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--photos", str(tmp_path), "--out", "out", "--work", "work", *setting])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_both_plans_end_at_the_size_that_serves_and_the_gpus_takes_more():
    cpu, gpu = PLANS["cpu"].recipe, PLANS["gpu"].recipe
    assert gpu.epochs * gpu.repeats > cpu.epochs * cpu.repeats
    assert gpu.input_size > cpu.input_size
    assert PLANS["gpu"].rounds == 2


def test_validation_weighs_scarce_answers_and_forgives_what_calibration_corrects():
    loss = TemperedHeadsLoss([2, 2])
    labels = torch.tensor([[0, UNKNOWN]] * 9 + [[1, UNKNOWN]])
    always = torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 10)
    right = torch.where(labels[:, :1] == 0, always, torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    assert loss(right, labels) < loss(always, labels)
    assert float(loss(right, labels)) == pytest.approx(float(loss(right * 9, labels)), abs=1e-3)
    assert loss(always, torch.full((10, 2), UNKNOWN)) == 0
