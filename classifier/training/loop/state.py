"""What a fit is given, what changes while it runs, and what it returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel, get_ema_multi_avg_fn

from classifier.training.data.pictures.transforms import CropSet
from classifier.training.loop.loss import Loss, tempered_loss
from classifier.training.loop.validation import Score, top1
from classifier.training.model.backbones import State
from classifier.training.recipe import Recipe

CHECKPOINT = "checkpoint.pt"


class EpochFigures(TypedDict):
    """One epoch as model.json stores it, without figures that are not measured or not finite."""

    epoch: float
    """1, 2 …; of an incremental head the number of the penalty that was tried."""
    loss: float
    """Mean training loss."""
    accuracy: float
    """Share of the training photos whose class was right."""
    val_loss: NotRequired[float]
    val_top1: NotRequired[float]
    """Share of the held-out photos whose class is right."""
    size: NotRequired[float]
    """Input size in pixels."""
    hold: NotRequired[float]
    """Of an incremental head: the penalty."""
    kept_top1: NotRequired[float]
    """Of an incremental head: share of the remembered held-out photos whose class is right."""
    images_per_s: NotRequired[float]


History = list[EpochFigures]
"""Epoch by epoch; of an incremental head penalty by penalty."""


@dataclass(frozen=True)
class Fitted:
    """The end of a training."""

    state: State
    """The best weights, on the CPU."""
    history: History


@dataclass(frozen=True, kw_only=True)
class FitJob:
    """What a network learns from, and how. Further processes get it pickled."""

    network: nn.Module
    loss_of: Loss
    train: CropSet
    val: CropSet
    recipe: Recipe
    epochs: int
    max_minutes: float | None = None
    run_dir: Path
    """Where the checkpoint lies."""
    fingerprint: str
    """Written into the checkpoint; one with another fingerprint is refused."""
    resume: bool = False
    """Continue after the last whole epoch, if there is a checkpoint."""
    workers: int = 0
    """Processes that prepare pictures."""
    shares: NDArray[np.float64] | None = None
    """How often each training photo is drawn, see epoch_order."""
    score_of: Score = top1
    val_loss_of: Loss = tempered_loss

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's file."""
        return self.run_dir / CHECKPOINT

    def batch(self, processes: int) -> int:
        """Photos per step over all processes: the recipe's batch, or all photos if fewer."""
        return min(self.recipe.batch, len(self.train) - len(self.train) % processes)

    def steps(self, processes: int) -> int:
        """Steps per epoch."""
        return len(self.train) * self.recipe.repeats // self.batch(processes)


@dataclass
class LoopState:
    """Everything that changes while a network learns. A checkpoint is this state, written down."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    average: AveragedModel | None = None
    """Moving average of the weights, in the first process of a recipe with ema_decay."""
    epoch: int = 0
    """Whole epochs that are done; during an epoch its number, 0 first."""
    spent: float = 0.0
    """Seconds until the end of the last whole epoch, interrupted runs included."""
    history: History = field(default_factory=list)
    least_loss: float = math.inf
    """The best epoch's val loss."""
    since_best: int = 0
    """Epochs after the best one."""
    best: State = field(default_factory=dict)
    """The best epoch's weights, on the CPU."""

    @property
    def measured(self) -> nn.Module:
        """The network that is validated and may become the artefact."""
        return self.network if self.average is None else self.average.module

    def step_end(self) -> None:
        """After each step of the optimiser."""
        if self.average is not None:
            self.average.update_parameters(self.network)

    def epoch_end(self, figures: EpochFigures, *, val_loss: float, has_val: bool, spent: float) -> None:
        """After each epoch, in the first process. Without val photos the last epoch is the best."""
        self.history.append(figures)
        self.epoch, self.spent = self.epoch + 1, spent
        self.since_best += 1
        if val_loss < self.least_loss or not has_val:
            self.since_best, self.least_loss, self.best = 0, val_loss, cpu_copy(self.measured)

    def as_checkpoint(self) -> dict[str, Any]:
        """Tensors and plain values only; see checkpoint.FORMAT."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict() if self.average is not None else {},
            "done": self.epoch,
            "spent": self.spent,
            "history": self.history,
            "least_loss": self.least_loss,
            "since": self.since_best,
            "best_state": self.best,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue from what as_checkpoint gave."""
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
        self.epoch, self.spent, self.history = saved["done"], saved["spent"], saved["history"]
        self.least_loss, self.since_best, self.best = saved["least_loss"], saved["since"], saved["best_state"]


def average_of(network: nn.Module, recipe: Recipe) -> AveragedModel:
    """The moving average of a network's weights and buffers, by the recipe's ema_decay."""

    def update(averaged: PARAM_LIST, current: PARAM_LIST, counted: Tensor | int) -> None:
        # A decay of 0.999 remembers 1,000 steps, and a small market's training has 200: the average
        # would still contain the random initial weights. So the decay grows with the steps, as
        # tf.train's does. The model's own count lies on the CPU; `counted` is its copy on the GPU,
        # and reading that would wait for the GPU in every step.
        steps = int(average.n_averaged)
        decay = min(recipe.ema_decay, (1 + steps) / (10 + steps))
        get_ema_multi_avg_fn(decay)(averaged, current, counted)  # type: ignore[no-untyped-call]

    average = AveragedModel(network, multi_avg_fn=update, use_buffers=True)
    return average


def cpu_copy(network: nn.Module) -> State:
    """The network's weights, copied."""
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
