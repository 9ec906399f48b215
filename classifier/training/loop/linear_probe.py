"""Train only a new head: features of the frozen backbone, computed once per photo and kept by content."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from classifier.engines.networks import last_prefix
from classifier.training.loop.fit import Clock, Fitted
from classifier.training.loop.optimizer import one_cycle
from classifier.training.model.features import FeatureSet
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe


def head_fit(
    *,
    train: FeatureSet,
    val: FeatureSet,
    network: nn.Module,
    recipe: Recipe,
    epochs: int,
    max_minutes: float | None,
    progress: Progress,
) -> Fitted:
    """Fit the head of `network` (whose backbone gave the features) and return the whole network's weights."""
    torch.manual_seed(recipe.seed)
    prefix = last_prefix(network)
    head = nn.Linear(train.features.shape[1], int(network.get_submodule(prefix[:-1]).out_features))  # type: ignore[arg-type]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    # Features differ in scale from one to another: an equal step for each, folded into the weights afterwards.
    mean, std = train.features.mean(0), train.features.std(0, correction=0) + 1e-3
    inputs, held_out = (train.features - mean) / std, (val.features - mean) / std
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.0, weight_decay=recipe.weight_decay)
    per_epoch = max(1, len(inputs) // recipe.batch)
    clock = Clock(steps=per_epoch * epochs, minutes=max_minutes)
    history: list[dict[str, float]] = []
    for epoch in progress.track(range(epochs), total=epochs, what="head"):
        order = torch.from_numpy(np.random.default_rng([recipe.seed, epoch]).permutation(len(inputs)))
        total, right = 0.0, 0
        for step, chosen in enumerate(order.chunk(per_epoch)):
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr_head * one_cycle(
                    clock.share(epoch * per_epoch + step), warmup=recipe.warmup_share
                )
            logits = head(nn.functional.dropout(inputs[chosen], recipe.dropout))
            truth = train.labels[chosen]
            loss = nn.functional.cross_entropy(logits, truth, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
            right += int((logits.argmax(1) == truth).sum())
        with torch.inference_mode():
            top1 = float((head(held_out).argmax(1) == val.labels).float().mean()) if len(val.labels) else 0.0
        history.append(
            {"epoch": epoch + 1.0, "loss": total / len(inputs), "accuracy": right / len(inputs), "val_top1": top1}
        )
        progress.note(f"loss {history[-1]['loss']:.3f}  val {top1:.3f}")
        if clock.over:
            break
    weight = head.weight.detach() / std
    state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    state[f"{prefix}weight"] = weight
    state[f"{prefix}bias"] = head.bias.detach() - weight @ mean
    return Fitted(state=state, history=history)
