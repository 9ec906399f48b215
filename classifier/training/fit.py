"""The training loop: one function for an epoch, one for the whole, resumable after every epoch.

Everything random is a function of the seed and the epoch, so a resumed run does what an uninterrupted one does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from classifier.training.checkpoint import checkpoint_read, checkpoint_write
from classifier.training.depthwise import speed_up_depthwise
from classifier.training.loss import Loss
from classifier.training.machine import bf16_pays, keep_freed_memory
from classifier.training.model import freeze_stages, head_prefix
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from classifier.training.transforms import CropSet

CHECKPOINT = "checkpoint.pt"
START_SHARE, END_SHARE = 1 / 25, 1e-4
"""Learning rate at the first and the last step, as shares of its peak (OneCycle)."""

Log = Callable[[str, float, int], None]
"""name, value, step: where curves go (TensorBoard)."""
Score = Callable[[Tensor, Tensor], tuple[int, int]]
"""logits, labels → how many answers are right, and of how many that can be."""


class Clock:
    """How far a training is, by steps and by time; with a time limit the schedule follows whichever is further.

    So a training that runs out of time ends with the small learning rate it would have had at its last step.
    """

    def __init__(self, *, steps: int, minutes: float | None, spent: float = 0.0) -> None:
        """spent: seconds that earlier, interrupted runs took."""
        self._steps, self._limit = steps, minutes * 60 if minutes else math.inf
        self._started = time.monotonic() - spent

    @property
    def spent(self) -> float:
        """Seconds, earlier runs included."""
        return time.monotonic() - self._started

    def share(self, step: int) -> float:
        """0 at the start … 1 at the end."""
        return min(max(step / self._steps, self.spent / self._limit), 1.0)

    @property
    def over(self) -> bool:
        """Whether the time is spent."""
        return self.spent >= self._limit


@dataclass
class Fitted:
    """The end of a training."""

    state: dict[str, Tensor]
    """The best weights, on the CPU."""
    history: list[dict[str, float]]
    """Per epoch: epoch, loss, accuracy, val_loss, val_top1, images_per_s."""


def one_cycle(share: float, *, warmup: float) -> float:
    """The learning rate as a share of its peak: cosine up over `warmup`, cosine down over the rest."""
    if share < warmup:
        return START_SHARE + (1 - START_SHARE) * (1 - math.cos(math.pi * share / warmup)) / 2
    down = (share - warmup) / (1 - warmup)
    return END_SHARE + (1 - END_SHARE) * (1 + math.cos(math.pi * down)) / 2


def optimizer_for(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW with two speeds, and no decay on biases and norms."""
    head = head_prefix(network)
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(head), parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "peak": recipe.lr_head if in_head else recipe.lr_backbone,
                "lr": 0.0,
                "weight_decay": recipe.weight_decay if decays else 0.0,
            }
            for (in_head, decays), parameters in groups.items()
        ]
    )


def top1(logits: Tensor, labels: Tensor) -> tuple[int, int]:
    """Score of logits (N, C) and labels (N,); a label of C or more says its make only."""
    return int((logits.argmax(1) == labels).sum()), int((labels < logits.shape[1]).sum())


def mix(count: int, alpha: float) -> tuple[float, Tensor | None]:
    """Of a batch of `count`: the share that each photo keeps, 0.5…1, and which photo gives it the rest; None = none.

    Drawn from torch's generator, which is seeded per epoch.
    """
    if not alpha or count < 2:
        return 1.0, None
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    return max(share, 1 - share), torch.randperm(count)


def train_one_epoch(
    network: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    *,
    loss_of: Loss,
    score_of: Score,
    recipe: Recipe,
    clock: Clock,
    first_step: int,
    after_step: Callable[[], None],
    note: Callable[[str], None],
) -> dict[str, float]:
    """One pass; ends early when the clock is over. Returns loss, accuracy, images_per_s."""
    device = next(network.parameters()).device
    mixed = bf16_pays(device)
    seen, named, right, total, started = 0, 0, 0, 0.0, time.monotonic()
    for step, (images, labels) in enumerate(batches, start=first_step):
        if clock.over and seen:
            break
        rate = one_cycle(clock.share(step), warmup=recipe.warmup_share)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        inputs = images.to(device).to(memory_format=torch.channels_last)
        targets = labels.to(device)
        share, order = mix(len(targets), recipe.mixup)
        if order is not None:
            inputs = share * inputs + (1 - share) * inputs[order]
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            logits = network(inputs)
        loss = loss_of(logits, targets)
        if order is not None:
            loss = share * loss + (1 - share) * loss_of(logits, targets[order])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        after_step()
        seen += len(labels)
        total += float(loss.detach()) * len(labels)
        hits, answers = score_of(logits, targets)
        right, named = right + hits, named + answers
        accuracy = right / max(named, 1)
        note(f"loss {total / seen:.3f}  acc {accuracy:.3f}  {seen / (time.monotonic() - started):.0f} photos/s")
    speed = seen / max(time.monotonic() - started, 1e-9)
    return {"loss": total / max(seen, 1), "accuracy": right / max(named, 1), "images_per_s": speed}


@torch.inference_mode()
def logits_of(network: nn.Module, photos: CropSet, *, batch: int) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and labels, (N,) or (N, heads), of a set as it comes in serving; mixed precision where it pays."""
    device = next(network.parameters()).device
    mixed = bf16_pays(device)
    network.eval()
    outputs, truths = [], []
    for images, labels in DataLoader(photos, batch_size=batch):
        inputs = images.to(device).to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            outputs.append(network(inputs).float().cpu())
        truths.append(labels)
    return torch.cat(outputs), torch.cat(truths)


def fit(
    *,
    network: nn.Module,
    loss_of: Loss,
    train: CropSet,
    val: CropSet,
    recipe: Recipe,
    epochs: int,
    max_minutes: float | None,
    run_dir: Path,
    fingerprint: str,
    resume: bool,
    progress: Progress,
    log: Log = lambda name, value, step: None,
    workers: int = 0,
    score_of: Score = top1,
    val_loss_of: Loss = nn.functional.cross_entropy,
) -> Fitted:
    """Train; the best epoch on val wins (the last one if there is no val). Raises CheckpointError.

    With resume and a checkpoint in run_dir it goes on after the last whole epoch.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        keep_freed_memory()
        if bf16_pays(device):
            speed_up_depthwise(network)
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
    frozen = freeze_stages(network, recipe.freeze_stages)
    optimizer = optimizer_for(network, recipe)
    average = (
        torch.optim.swa_utils.AveragedModel(
            network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.ema_decay),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        if recipe.ema_decay
        else None
    )
    checkpoint = run_dir / CHECKPOINT
    per_epoch = len(train) // recipe.batch if len(train) >= recipe.batch else 1
    done, spent, history, best, best_state = 0, 0.0, [], -1.0, {}
    if resume and checkpoint.exists():
        saved = checkpoint_read(checkpoint, fingerprint=fingerprint)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        if average is not None:
            average.load_state_dict(saved["average"])
        done, spent, history = saved["done"], saved["spent"], saved["history"]
        best, best_state = saved["best"], saved["best_state"]
    clock = Clock(steps=per_epoch * epochs, minutes=max_minutes, spent=spent)
    for epoch in range(done, epochs):
        if clock.over and history:
            break
        size = recipe.size_at(min(int(clock.share(epoch * per_epoch) * epochs), epochs - 1), epochs)
        torch.manual_seed(recipe.seed * 100_003 + epoch)  # dropout
        train.augment(recipe, size=size, epoch=epoch)
        network.train()
        for module in frozen:
            module.eval()
        batches = _batches(train, recipe, epoch=epoch, workers=workers)
        figures = train_one_epoch(
            network,
            progress.track(batches, total=per_epoch, what=f"epoch {epoch + 1}/{epochs}"),
            optimizer,
            loss_of=loss_of,
            score_of=score_of,
            recipe=recipe,
            clock=clock,
            first_step=epoch * per_epoch,
            after_step=(lambda: average.update_parameters(network)) if average is not None else (lambda: None),
            note=progress.note,
        )
        judged = average.module if average is not None else network
        figures |= _validate(judged, val, recipe, score_of=score_of, loss_of=val_loss_of)
        finite = {name: round(value, 5) for name, value in figures.items() if math.isfinite(value)}  # fit for JSON
        history.append({"epoch": epoch + 1.0, "size": float(size), **finite})
        for name, value in figures.items():
            log(name, value, epoch + 1)
        progress.say("  ".join(f"{k} {v:g}" for k, v in history[-1].items()) + f"  after {clock.spent / 60:.1f} min")
        if figures["val_top1"] >= best or not len(val):
            best, best_state = figures["val_top1"], _copy(judged)
        checkpoint_write(
            checkpoint,
            {
                "fingerprint": fingerprint,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "average": average.state_dict() if average is not None else {},
                "done": epoch + 1,
                "spent": clock.spent,
                "history": history,
                "best": best,
                "best_state": best_state,
            },
        )
    return Fitted(state=best_state, history=history)


def _batches(train: CropSet, recipe: Recipe, *, epoch: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    order = np.random.default_rng([recipe.seed, epoch]).permutation(len(train)).tolist()
    loader: Any = DataLoader(
        Subset(train, order), batch_size=min(recipe.batch, len(train)), drop_last=True, num_workers=workers
    )
    return iter(loader)


def _validate(network: nn.Module, val: CropSet, recipe: Recipe, *, score_of: Score, loss_of: Loss) -> dict[str, float]:
    if not len(val):
        return {"val_top1": 0.0}
    logits, labels = logits_of(network, val, batch=recipe.batch)
    right, answers = score_of(logits, labels)
    return {"val_loss": float(loss_of(logits, labels)), "val_top1": right / max(answers, 1)}


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
