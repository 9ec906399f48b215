"""The optimiser, the learning rate over time, frozen stages, and the order of an epoch's photos."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from classifier.engines.networks import head_prefix
from classifier.training.errors import TrainError
from classifier.training.model.backbones import freeze_first, stages_of
from classifier.training.recipe import Recipe

START_SHARE, END_SHARE = 1 / 25, 1e-4
"""Learning rate at the first and the last step, as shares of its peak (OneCycle)."""


def one_cycle(share: float, *, warmup: float) -> float:
    """The learning rate as a share of its peak: cosine up over `warmup`, cosine down after it.

    share: how far the training is, 0…1.
    """
    if share < warmup:
        return START_SHARE + (1 - START_SHARE) * (1 - math.cos(math.pi * share / warmup)) / 2
    down = (share - warmup) / (1 - warmup)
    return END_SHARE + (1 - END_SHARE) * (1 + math.cos(math.pi * down)) / 2


def optimizer_for(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser with two speeds, and no decay on biases and norms."""
    head = head_prefix(network)
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(head), parameter.ndim > 1), []).append(parameter)
    parameter_groups = [
        {
            "params": parameters,
            "peak": recipe.lr_head if in_head else recipe.lr_backbone,
            "lr": 0.0,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (in_head, decays), parameters in groups.items()
    ]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameter_groups, lr=0.0, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
    return torch.optim.AdamW(parameter_groups)


def stages_frozen(recipe: Recipe, *, epoch: int, stages: int) -> int:
    """How many of the backbone's `stages`, the stem included, are frozen in an epoch, 0 first."""
    for_good = recipe.freeze_stages + 1 if recipe.freeze_stages else 0
    so_far = stages - epoch // recipe.unfreeze_every if recipe.unfreeze_every else 0
    return max(for_good, so_far)


def unfreeze(network: nn.Module, recipe: Recipe, *, epoch: int) -> list[nn.Module]:
    """Freeze and unfreeze for an epoch, 0 first; returns modules that must stay in eval mode."""
    if not (recipe.freeze_stages or recipe.unfreeze_every):
        return []
    count = stages_frozen(recipe, epoch=epoch, stages=len(stages_of(network)))
    return freeze_first(network, count)


def epoch_order(
    labels: NDArray[np.int64], recipe: Recipe, *, epoch: int, shares: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """An epoch's photos in order, recipe.repeats times (N,).

    A function of labels (N,), shares, seed and epoch. shares: (N,), how often each photo is drawn,
    1 in all; None: each as often, or as the recipe's `sampling` says. Raises TrainError.
    """
    random = np.random.default_rng([recipe.seed, epoch])
    wanted = shares
    if recipe.sampling == "balanced":
        if labels.ndim > 1:
            raise TrainError("sampling = 'balanced' is for labels of one kind")
        _, number, photos = np.unique(labels, return_inverse=True, return_counts=True)
        wanted = 1 / photos[number] if shares is None else shares / photos[number]
        wanted = wanted / wanted.sum()
    return np.concatenate([_pass(len(labels), wanted, recipe, random) for _ in range(recipe.repeats)])


def _pass(
    count: int, shares: NDArray[np.float64] | None, recipe: Recipe, random: np.random.Generator
) -> NDArray[np.int64]:  # fmt: skip
    if shares is None:
        return random.permutation(count)
    if recipe.sampling == "balanced":
        return random.choice(count, size=count, p=shares).astype(np.int64)
    mixed = random.permutation(count)
    # Evenly spaced draws: a photo that should come 1.5 times comes once or twice, never not at all.
    ends = np.cumsum(shares[mixed])
    places = (np.arange(count) + random.random()) / count * ends[-1]
    drawn = mixed[np.searchsorted(ends, places, side="right").clip(max=count - 1)]
    return random.permutation(drawn)
