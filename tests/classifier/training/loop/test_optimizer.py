"""What learns when, and which photos an epoch shows: functions of recipe, seed and epoch."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch

from classifier.training.errors import TrainError
from classifier.training.loop.optimizer import epoch_order, optimizer_for, stages_frozen, unfreeze
from classifier.training.model.backbones import stages_of
from classifier.training.recipe import Recipe

LABELS = np.asarray([0] * 90 + [1] * 9 + [2])


@pytest.mark.parametrize(
    ("backbone", "stages"), [("resnet50", 5), ("efficientnet_b1", 8), ("tf_efficientnet_lite0", 8), ("resnet152", 5)]
)
def test_backbones_fall_into_stages_without_their_head(backbone, stages):
    with torch.device("meta"):
        network = timm.create_model(backbone, num_classes=2)
    found = stages_of(network)
    assert len(found) == stages
    head = {f"{network.default_cfg['classifier']}.{name}" for name in ("weight", "bias")}
    assert {name for stage in found for name in stage} | head == {name for name, _ in network.named_parameters()}


def test_the_head_learns_first_then_stage_after_stage_from_the_top():
    recipe = Recipe(unfreeze_every=2)
    assert [stages_frozen(recipe, epoch=epoch, stages=5) for epoch in range(12)] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    kept = replace(recipe, freeze_stages=2)
    assert stages_frozen(kept, epoch=11, stages=5) == 3  # the stem and two stages, for good


@pytest.mark.parametrize("backbone", ["test_resnet", "test_efficientnet"])
def test_frozen_layers_get_no_gradients_and_keep_their_statistics(backbone):
    network = timm.create_model(backbone, num_classes=2)
    head = network.default_cfg["classifier"]

    def learning():
        return {name.split(".")[0] for name, one in network.named_parameters() if one.requires_grad}

    still = unfreeze(network, Recipe(unfreeze_every=1), epoch=0)
    assert learning() == {head}
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in still)
    unfreeze(network, Recipe(unfreeze_every=1), epoch=1)
    assert head in learning()
    assert len(learning()) > 1
    assert unfreeze(network, Recipe(unfreeze_every=1), epoch=50) == []
    assert all(one.requires_grad for one in network.parameters())


def test_sgd_decays_weights_but_no_biases_or_norms():
    network = timm.create_model("test_resnet", num_classes=2)
    optimizer = optimizer_for(network, Recipe(optimizer="sgd", momentum=0.8, weight_decay=0.01, lr_head=0.5))
    assert isinstance(optimizer, torch.optim.SGD)
    assert all((group["momentum"], group["nesterov"]) == (0.8, True) for group in optimizer.param_groups)
    decay = {one.ndim > 1: group["weight_decay"] for group in optimizer.param_groups for one in group["params"]}
    assert decay == {True: 0.01, False: 0.0}
    assert {group["peak"] for group in optimizer.param_groups} == {6e-4, 0.5}


def test_a_plain_epoch_shows_every_photo_once():
    order = epoch_order(LABELS, Recipe(), epoch=3)
    assert sorted(order) == list(range(100))


def test_a_balanced_epoch_shows_every_class_as_often_and_is_the_same_when_repeated():
    recipe = Recipe(sampling="balanced", seed=4)
    shown = np.concatenate([LABELS[epoch_order(LABELS, recipe, epoch=epoch)] for epoch in range(30)])
    assert np.bincount(shown) / len(shown) == pytest.approx([1 / 3] * 3, abs=0.03)
    assert (epoch_order(LABELS, recipe, epoch=2) == epoch_order(LABELS, recipe, epoch=2)).all()
    assert (epoch_order(LABELS, recipe, epoch=2) != epoch_order(LABELS, recipe, epoch=3)).any()


def test_photos_with_labels_of_several_kinds_have_no_balance():
    with pytest.raises(TrainError, match="balanced"):
        epoch_order(np.zeros((4, 3), dtype=np.int64), Recipe(sampling="balanced"), epoch=0)


def test_photos_are_drawn_by_their_shares_and_none_of_the_frequent_is_forgotten():
    shares = np.where(np.arange(100) < 20, 3.0, 0.5)
    order = epoch_order(LABELS, Recipe(seed=2), epoch=1, shares=shares / shares.sum())
    times = np.bincount(order, minlength=100)
    assert len(order) == 100
    assert set(times[:20]) == {3}
    assert times[20:].sum() == 40
    assert (order == epoch_order(LABELS, Recipe(seed=2), epoch=1, shares=shares / shares.sum())).all()


def test_an_epoch_of_several_passes_shows_every_photo_so_many_times():
    order = epoch_order(LABELS, Recipe(repeats=3), epoch=0)
    assert set(np.bincount(order)) == {3}
    assert sorted(order[:100]) == list(range(100))
