"""Fit the colour rule: small networks on different features, joined into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor, nn

from classifier.colour import COLOURS, Rule
from classifier.preprocess import FloatArray
from classifier.training.tools.colour_photos import ColourPhotos

SMOOTHING = 0.03
LEAST_SPREAD = 1e-3
"""Of a feature that hardly differs between photos."""


@dataclass(frozen=True)
class RulePlan:
    """How it is fitted."""

    members: tuple[str, ...] = ("statistics", "network", "both")
    """On which features; each is a network of its own, and the rule is their mean."""
    seeds: int = 2
    """Networks for each member."""
    hidden: int = 96
    epochs: int = 30
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    dropout: float = 0.4
    also: float = 0.4
    """The share of the truth that goes to the other colour that one may call it."""


@dataclass(frozen=True)
class _Member:
    columns: NDArray[np.intp]
    mean: FloatArray
    spread: FloatArray
    first: nn.Linear
    last: nn.Linear


def rule_fit(photos: ColourPhotos, plan: RulePlan) -> Rule:
    """Learn from all photos and their changed copies."""
    members = [_member(photos, columns, plan, seed) for columns in _columns(photos, plan) for seed in range(plan.seeds)]
    return _joined(members, features=photos.features.shape[2])


def cross_validated(photos: ColourPhotos, plan: RulePlan, *, folds: int = 5) -> FloatArray:
    """(N, colours): logits of each photo by a rule that did not see its vehicle."""
    logits = np.zeros((len(photos.labels), len(COLOURS)), dtype=np.float32)
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for _, held in split.split(logits, photos.truth, photos.vehicles):
        out = np.zeros(len(logits), dtype=np.bool_)
        out[held] = True
        logits[out] = rule_fit(photos.chosen(~out), plan)(photos.features[0, out])
    return logits


def _columns(photos: ColourPhotos, plan: RulePlan) -> list[NDArray[np.intp]]:
    every = np.arange(photos.features.shape[2])
    of = {"statistics": every[: photos.statistics], "network": every[photos.statistics :], "both": every}
    return [of[name] for name in plan.members]


def _member(photos: ColourPhotos, columns: NDArray[np.intp], plan: RulePlan, seed: int) -> _Member:
    torch.manual_seed(seed)
    mean = photos.features[0][:, columns].mean(axis=0)
    spread = photos.features[0][:, columns].std(axis=0) + LEAST_SPREAD
    copies = torch.from_numpy((photos.features[:, :, columns] - mean) / spread)
    truth = _targets(photos, plan.also)
    first, last = nn.Linear(len(columns), plan.hidden), nn.Linear(plan.hidden, len(COLOURS))
    network = nn.Sequential(nn.Dropout(0.1), first, nn.ReLU(), nn.Dropout(plan.dropout), last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    count = len(truth)
    steps = plan.epochs * -(-count // plan.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=steps, pct_start=0.2)
    for _ in range(plan.epochs):
        shown = copies[torch.randint(len(copies), (count,)), torch.arange(count)]
        order = torch.randperm(count)
        for batch in (order[at : at + plan.batch] for at in range(0, count, plan.batch)):
            loss = -(truth[batch] * network(shown[batch]).log_softmax(dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return _Member(columns, mean, spread, first, last)


def _targets(photos: ColourPhotos, also: float) -> Tensor:
    """(N, colours), each row summing to 1."""
    count = len(photos.labels)
    truth = np.zeros((count, len(COLOURS)), dtype=np.float32)
    two = photos.also >= 0
    truth[np.arange(count), photos.truth] = np.where(two, 1 - also, 1)
    truth[two, photos.also[two]] += also
    return torch.from_numpy(truth * (1 - SMOOTHING) + SMOOTHING / len(COLOURS))


def _joined(members: Sequence[_Member], *, features: int) -> Rule:
    """One network that says the mean of the members' logits, on features as they come."""
    hidden, biases, last, last_bias = [], [], [], []
    for one in members:
        weights, bias = one.first.weight.detach().numpy() / one.spread, one.first.bias.detach().numpy()
        last.append(one.last.weight.detach().numpy() / len(members))
        last_bias.append(one.last.bias.detach().numpy() / len(members))
        spread_out = np.zeros((len(weights), features), dtype=np.float32)
        spread_out[:, one.columns] = weights
        hidden.append(spread_out)
        biases.append(bias - weights @ one.mean)
    return Rule(
        hidden=np.concatenate(hidden),
        hidden_bias=np.concatenate(biases),
        last=np.concatenate(last, axis=1),
        last_bias=np.sum(last_bias, axis=0),
    )
