"""Train a new head only, on features of the frozen backbone that are computed once per photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from classifier.engines.networks import last_prefix
from classifier.training.loop.epoch import Clock
from classifier.training.loop.optimizer import one_cycle
from classifier.training.loop.state import Fitted, History, cpu_copy
from classifier.training.model.features import FeatureSet
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class HeadJob:
    """What a head learns from, and how."""

    network: nn.Module
    """Whose backbone computed the features."""
    train: FeatureSet
    val: FeatureSet
    recipe: Recipe
    epochs: int
    max_minutes: float | None = None


def head_fit(job: HeadJob, *, progress: Progress) -> Fitted:
    """Fit a new head; returns the whole network's weights."""
    recipe, train = job.recipe, job.train
    torch.manual_seed(recipe.seed)
    prefix = last_prefix(job.network)
    head = nn.Linear(train.features.shape[1], int(job.network.get_submodule(prefix[:-1]).out_features))  # type: ignore[arg-type]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    # Features differ in scale. Standardised ones get equal steps; the scale is folded into the
    # weights afterwards.
    mean, std = train.features.mean(0), train.features.std(0, correction=0) + 1e-3
    inputs, held_out = (train.features - mean) / std, (job.val.features - mean) / std
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.0, weight_decay=recipe.weight_decay)
    per_epoch = max(1, len(inputs) // recipe.batch)
    clock = Clock(steps=per_epoch * job.epochs, minutes=job.max_minutes)
    history: History = []
    for epoch in progress.track(range(job.epochs), total=job.epochs, what="head"):
        order = torch.from_numpy(np.random.default_rng([recipe.seed, epoch]).permutation(len(inputs)))
        total, right = 0.0, 0
        for step, chosen in enumerate(order.chunk(per_epoch)):
            share = one_cycle(clock.share(epoch * per_epoch + step), warmup=recipe.warmup_share)
            loss, logits = _step(
                head, optimizer, inputs[chosen], train.labels[chosen], recipe=recipe, lr=recipe.lr_head * share
            )
            total += loss * len(chosen)
            right += int((logits.argmax(1) == train.labels[chosen]).sum())
        with torch.inference_mode():
            top1 = float((head(held_out).argmax(1) == job.val.labels).float().mean()) if len(job.val.labels) else 0.0
        history.append(
            {"epoch": epoch + 1.0, "loss": total / len(inputs), "accuracy": right / len(inputs), "val_top1": top1}
        )
        progress.measured(history[-1])
        progress.note(f"loss {history[-1]['loss']:.3f}  val {top1:.3f}")
        if clock.over:
            break
    weight = head.weight.detach() / std
    state = cpu_copy(job.network)
    state[f"{prefix}weight"] = weight
    state[f"{prefix}bias"] = head.bias.detach() - weight @ mean
    return Fitted(state=state, history=history)


def _step(
    head: nn.Linear, optimizer: torch.optim.Optimizer, inputs: Tensor, labels: Tensor, *, recipe: Recipe, lr: float
) -> tuple[float, Tensor]:
    """One step on a batch; its loss and logits."""
    for group in optimizer.param_groups:
        group["lr"] = lr
    logits = head(nn.functional.dropout(inputs, recipe.dropout))
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach()), logits
