"""Trainings of tiny networks: checked files at the end, resume after a kill, one-line refusals."""

import math
import random
import re
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from django.conf import settings
from PIL import Image
from safetensors.torch import save_file

from classifier.artefact import SEEN_PHOTOS_FILE, Preprocessing, artefact_open
from classifier.engines.networks import classification_network
from classifier.recognise import WEIGHTS
from classifier.training.data.cleaning.near_duplicates import picture_hash
from classifier.training.data.cleaning.seen_photos import SeenPhotos, seen_photos_read
from classifier.training.data.manifest import manifest_read
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.errors import TrainError
from classifier.training.loop.checkpoint import CheckpointError
from classifier.training.loop.epoch import duration, mix
from classifier.training.loop.fit import fit
from classifier.training.loop.loss import LabelLoss
from classifier.training.loop.state import CHECKPOINT, FitJob
from classifier.training.model.backbones import BackboneError, backbone_create, freeze_stages, imagenet_state
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train
from tests.classifier.training.pictures import picture

TINY = "test_efficientnet"
RECIPE = replace(
    recipe_load("default"), name="tiny", backbone=TINY, input_sizes=(32,), epochs=3, batch=8, min_photos_per_class=2
)


class Killed(Exception):
    """In place of a SIGKILL between two epochs."""


class DiesAfter(Silent):
    def __init__(self, epochs):
        self.left = epochs

    def track(self, items, *, total, what):
        if what.startswith("epoch"):
            if self.left == 0:
                raise Killed
            self.left -= 1
        yield from items


def pictures(photos=40, side=48):
    random_numbers = np.random.default_rng(0)
    labels = np.arange(photos) % 2
    pixels = random_numbers.integers(0, 120, (photos, side, side, 3), dtype=np.uint8)
    pixels[labels == 1] += 100
    return CropSet(pixels, np.arange(photos), labels.astype(np.int64), Preprocessing(32))


def fitted(folder, *, resume=False, progress=None, recipe=RECIPE, fingerprint="same", max_minutes=None, **more):
    folder.mkdir(exist_ok=True)
    torch.manual_seed(5)
    job = FitJob(
        network=classification_network(TINY, outputs=2, hidden=recipe.head_hidden, dropout=0.2),
        loss_of=LabelLoss([0, 1], label_smoothing=recipe.label_smoothing, make_weight=recipe.make_weight),
        train=pictures(),
        val=pictures(16),
        recipe=recipe,
        epochs=3,
        max_minutes=max_minutes,
        run_dir=folder,
        fingerprint=fingerprint,
        resume=resume,
        **more,
    )
    return fit(job, progress=progress or Silent())


ALL_ON = replace(
    RECIPE, ema_decay=0.9, mixup=0.2, optimizer="sgd", accumulate=2, unfreeze_every=1, sampling="balanced",
    head_hidden=(16, 8), rotation=10.0, colour_jitter=0.2, randaugment_ops=0,
)  # fmt: skip


@pytest.mark.parametrize("recipe", [RECIPE, ALL_ON], ids=["plain", "all on"])
def test_a_resumed_training_ends_like_an_uninterrupted_one(tmp_path, recipe):
    whole = fitted(tmp_path / "whole", recipe=recipe)
    for _ in range(2):  # killed twice, each time after one more epoch
        with pytest.raises(Killed):
            fitted(tmp_path / "cut", resume=True, progress=DiesAfter(1), recipe=recipe)
    cut = fitted(tmp_path / "cut", resume=True, recipe=recipe)
    assert len(cut.history) == 3
    for one, other in zip(whole.history, cut.history, strict=True):
        assert {**one, "images_per_s": 0} == {**other, "images_per_s": 0}
    assert all(torch.equal(value, cut.state[name]) for name, value in whole.state.items())


def test_whoever_watches_sees_loss_accuracy_speed_and_time_left(tmp_path):
    class Watched(Silent):
        def note(self, text):
            self.noted = text

        def say(self, text):
            self.said = text

    watched = Watched()
    fitted(tmp_path / "run", progress=watched)
    assert re.fullmatch(r"loss [\d.]+  acc [\d.]+  \d+ photos/s  0:\d\d left", watched.noted)
    assert watched.said.startswith("epoch 3  size 32  loss ")
    assert duration(math.inf) == "?"
    assert [duration(seconds) for seconds in (4, 750, 11_100)] == ["0:04", "12:30", "3:05:00"]


def test_adding_up_gradients_steps_once_for_all_their_photos(tmp_path, monkeypatch):
    stepped = []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: stepped.append(1) or step(self))
    fitted(tmp_path / "run", recipe=replace(RECIPE, accumulate=2))
    assert len(stepped) == 3 * 3  # an epoch has five batches of eight; the last one steps alone


def test_when_its_time_is_over_it_ends_with_the_best_so_far_and_stays_ended(tmp_path):
    done = fitted(tmp_path / "run", max_minutes=1e-6)  # over after the first batch
    assert [one["epoch"] for one in done.history] == [1.0]
    assert done.history[0]["val_top1"] >= 0
    assert fitted(tmp_path / "run", max_minutes=1e-6, resume=True).history == done.history
    assert len(fitted(tmp_path / "run", max_minutes=60, resume=True).history) == 3  # more time was given


def test_mixed_photos_keep_most_of_themselves_and_teach_something_else(tmp_path):
    share, order = mix(8, 0.4)
    assert 0.5 <= share <= 1
    assert sorted(order.tolist()) == list(range(8))
    assert mix(8, 0.0) == mix(1, 0.4) == (1.0, None)
    plain, mixed = (fitted(tmp_path / str(m), recipe=replace(RECIPE, ema_decay=0.0, mixup=m)) for m in (0.0, 0.4))
    assert plain.history[0]["loss"] != mixed.history[0]["loss"]


def test_averaged_weights_lag_behind_those_that_learn_but_forget_a_short_trainings_beginning(tmp_path):
    plain, *averaged = (fitted(tmp_path / str(d), recipe=replace(RECIPE, ema_decay=d)) for d in (0.0, 0.3, 0.999))
    for one in averaged:
        assert [e["loss"] for e in one.history] == [e["loss"] for e in plain.history]  # the same learning
    torch.manual_seed(5)
    begin = classification_network(TINY, outputs=2, hidden=(), dropout=0.2).state_dict()["classifier.weight"]
    whole, some, most = ((one.state["classifier.weight"] - begin).norm() for one in (plain, *averaged))
    assert 0.5 * whole < most < some < whole


def test_the_epoch_whose_held_out_loss_is_least_wins_whatever_it_gets_right(tmp_path):
    losses = iter([1.0, 0.5, 0.9])
    given = {"val_loss_of": lambda logits, labels: torch.tensor(next(losses))}
    done = fitted(tmp_path / "run", **given)
    assert [one["val_loss"] for one in done.history] == [1.0, 0.5, 0.9]
    with pytest.raises(Killed):
        fitted(tmp_path / "cut", progress=DiesAfter(2))
    second = torch.load(tmp_path / "cut" / CHECKPOINT, map_location="cpu", weights_only=True)["network"]
    assert all(torch.equal(value, second[name]) for name, value in done.state.items())


def test_a_held_out_loss_that_is_no_number_ends_it_too(tmp_path):
    with pytest.raises(TrainError, match="no number any more in epoch 1"):
        fitted(tmp_path / "run", val_loss_of=lambda logits, labels: torch.tensor(math.nan))


def test_a_checkpoint_of_another_version_is_not_gone_on_with(tmp_path, monkeypatch):
    fitted(tmp_path / "run")
    monkeypatch.setattr("classifier.training.loop.checkpoint.FORMAT", 3)
    with pytest.raises(CheckpointError, match="another version of this software; start again without --resume"):
        fitted(tmp_path / "run", resume=True)


def test_it_ends_when_it_gets_no_better_and_stays_ended(tmp_path):
    recipe = replace(RECIPE, patience=1, lr_head=1e-8, lr_backbone=0.0)
    done = fitted(tmp_path / "run", recipe=recipe)
    assert len(done.history) == 2
    assert fitted(tmp_path / "run", recipe=recipe, resume=True).history == done.history


def test_a_loss_that_is_no_number_ends_it_in_one_line(tmp_path):
    with pytest.raises(TrainError, match="no number any more in epoch 1: lower lr_backbone and lr_head"):
        fitted(tmp_path / "run", recipe=replace(RECIPE, optimizer="sgd", lr_head=1e30, lr_backbone=1e30))


def test_a_full_disk_ends_it_in_one_line_and_leaves_the_checkpoint_before(tmp_path):
    with pytest.raises(Killed):
        fitted(tmp_path / "run", progress=DiesAfter(1))
    before = (tmp_path / "run" / CHECKPOINT).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(CheckpointError, match=r"cannot be written \(.+\); go on with --resume"):
            fitted(tmp_path / "run", resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [(one.name, one.read_bytes() == before) for one in (tmp_path / "run").iterdir()] == [(CHECKPOINT, True)]


def test_it_does_not_go_on_from_another_trainings_checkpoint(tmp_path):
    fitted(tmp_path / "run")
    with pytest.raises(CheckpointError, match="another manifest"):
        fitted(tmp_path / "run", resume=True, fingerprint="other")


def test_a_damaged_checkpoint_is_refused(tmp_path):
    fitted(tmp_path / "run")
    path = tmp_path / "run" / CHECKPOINT
    whole = path.read_bytes()
    middle = len(whole) // 2  # torch alone would not see it
    for damaged in (whole[:1000], b"", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged; start again without --resume"):
            fitted(tmp_path / "run", resume=True)


def test_frozen_stages_stay_as_they_were():
    network = timm.create_model(TINY, num_classes=2)
    frozen = freeze_stages(network, 2)
    assert not any(p.requires_grad for module in frozen for p in module.parameters())
    assert all(p.requires_grad for p in network.classifier.parameters())


def test_a_backbone_without_weights_says_where_they_can_be_had(monkeypatch):
    def unreachable(name, **given):
        raise OSError(f"{name}: no network")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(BackboneError) as caught:
        imagenet_state("resnet50")
    for way in ("resnet50.safetensors", "$FORECOURT_BACKBONES", "timm's hub", "start = 'nothing'"):
        assert way in str(caught.value)


def test_a_damaged_file_of_weights_is_named(tmp_path, monkeypatch):
    (tmp_path / "resnet50.safetensors").write_bytes(b"x" * 100)
    monkeypatch.setenv("FORECOURT_BACKBONES", str(tmp_path))
    with pytest.raises(BackboneError, match=r"resnet50\.safetensors cannot be read as safetensors"):
        imagenet_state("resnet50")


def test_packaged_imagenet_weights_fit_tensor_by_tensor():
    state = imagenet_state("tf_efficientnet_lite0")
    network = backbone_create("tf_efficientnet_lite0", outputs=3)
    assert torch.equal(network.state_dict()["conv_stem.weight"], state["conv_stem.weight"])
    assert network.state_dict()["classifier.weight"].shape == (3, 1280)


def test_a_backbone_that_does_not_exist_is_named():
    with pytest.raises(BackboneError, match="timm knows no backbone 'resnet51'"):
        backbone_create("resnet51", outputs=2)


@pytest.fixture
def backbones(tmp_path, monkeypatch):
    folder = tmp_path / "backbones"
    folder.mkdir()
    torch.manual_seed(1)
    state = timm.create_model(TINY).state_dict()
    save_file(state, folder / f"{TINY}.safetensors")
    monkeypatch.setenv("FORECOURT_BACKBONES", str(folder))


@pytest.fixture
def rows(tmp_path, shipped_converted):
    folder = tmp_path / "cars"
    folder.mkdir()
    lines = ["file,make,model,vehicle,split"]
    numbers = random.Random(3)
    for number in range(28):
        colour = (200, 30, 30) if number % 2 else (30, 30, 200)
        noise = tuple(numbers.randrange(40) for _ in range(3))
        Image.new("RGB", (64, 48), tuple(a + b for a, b in zip(colour, noise, strict=True))).save(
            folder / f"{number}.jpg"
        )
        split = "train" if number < 20 else "val"
        lines.append(f"{number}.jpg,BMW,{'X5' if number % 2 else 'X3'},car-{number},{split}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    return manifest_read(folder)


def trained(rows, tmp_path, **more):
    return train(
        request=TrainingRequest(rows=rows, **{"recipe": RECIPE, **more}),
        context=TrainingContext(
            work_dir=tmp_path / "work",
            weights=WEIGHTS,
            progress=Silent(),
            engine_cache=Path(settings.ENGINE_CACHE_DIR),
        ),
        out=tmp_path / "out",
    )


@pytest.mark.usefixtures("backbones")
def test_a_whole_training_leaves_a_checked_artefact_and_a_report(rows, tmp_path):
    done = trained(rows, tmp_path, epochs=1)
    artefact = artefact_open(done.artefact.folder)
    assert artefact.version.startswith("tiny-")
    assert [(c.make, c.model) for c in artefact.spec.classes] == [("BMW", "X3"), ("BMW", "X5")]
    assert artefact.spec.recipe["epochs"] == 1
    assert done.metrics["train_photos"] == 20
    assert 0 < done.metrics["test"]["photos"] < 8
    assert done.report.read_text().lower().startswith("<!doctype html>")
    assert list((tmp_path / "work").glob("tiny-*/tensorboard/*"))
    assert not (tmp_path / "work" / "ir").exists()  # what lies in the engine cache is not converted again


@pytest.mark.usefixtures("backbones")
def test_a_frozen_backbone_is_left_as_it_is(rows, tmp_path):
    recipe = replace(recipe_load("quick"), start="imagenet", backbone=TINY, input_sizes=(32,), min_photos_per_class=2)
    done = trained(rows, tmp_path, recipe=recipe)
    state, start = done.artefact.state_dict(), imagenet_state(TINY)
    kept = start["conv_stem.weight"].half().float()
    assert torch.equal(state["conv_stem.weight"], kept)
    assert done.metrics["history"][-1]["accuracy"] == 1.0  # red cars and blue cars
    assert list((tmp_path / "work").glob("features.sqlite3"))


def test_a_training_from_nothing_without_held_out_photos_ends_with_an_artefact_all_the_same(rows, tmp_path):
    without_val = [replace(row, split="train" if number % 4 else "test") for number, row in enumerate(rows)]
    done = trained(without_val, tmp_path, recipe=replace(RECIPE, start="nothing"))  # no weights lie anywhere
    assert done.artefact.spec.metrics["test"]["photos"] > 0


@pytest.mark.usefixtures("backbones")
def test_an_artefact_keeps_what_taught_it_and_what_it_goes_on_from(rows, tmp_path):
    first, second = SeenPhotos((_hash(1),), (_hash(2),)), SeenPhotos((_hash(3),))
    base = trained(rows, tmp_path, epochs=1, seen_photos=first).artefact
    assert seen_photos_read(base.folder) == first
    quick = replace(recipe_load("quick"), min_photos_per_class=2)
    assert seen_photos_read(
        trained(rows, tmp_path, recipe=quick, champion=base, seen_photos=second).artefact.folder
    ) == (first + second)
    (base.folder / SEEN_PHOTOS_FILE).unlink()
    other = {"recipe": replace(quick, name="other"), "champion": base, "seen_photos": second}
    half_known = trained(rows, tmp_path, **other).artefact
    assert seen_photos_read(half_known.folder) is None  # half a record would pass for a whole one
    (base.folder / SEEN_PHOTOS_FILE).write_bytes(first.as_bytes())
    assert trained(rows, tmp_path, **other).artefact == half_known
    assert seen_photos_read(half_known.folder) == first + second


def _hash(seed):
    return picture_hash(picture(seed))


@pytest.mark.usefixtures("backbones")
def test_one_class_is_nothing_to_train_on(rows, tmp_path):
    with pytest.raises(TrainError, match="1 classes with 2 photos"):
        trained([row for row in rows if row.model == "X5"], tmp_path)
    assert not (tmp_path / "out").exists()
