"""The training loop: one function for an epoch, one for the whole, resumable after every epoch.

Everything random is a function of the seed and the epoch, so a resumed run does what an uninterrupted one does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset

from classifier.training.data.transforms import CropSet
from classifier.training.errors import TrainError
from classifier.training.loop.checkpoint import checkpoint_read, checkpoint_write
from classifier.training.loop.depthwise import speed_up_depthwise
from classifier.training.loop.distributed import Ranks, alone, apart, helping
from classifier.training.loop.hardware import bf16_pays, keep_freed_memory
from classifier.training.loop.loss import Loss, tempered_loss
from classifier.training.loop.optimizer import epoch_order, one_cycle, optimizer_for, unfreeze
from classifier.training.model.backbones import freeze_stages
from classifier.training.progress import Progress, Silent
from classifier.training.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
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
    def limited(self) -> bool:
        """Whether there is a time limit."""
        return math.isfinite(self._limit)

    @property
    def spent(self) -> float:
        """Seconds, earlier runs included."""
        return time.monotonic() - self._started

    def share(self, step: int) -> float:
        """0 at the start … 1 at the end."""
        return min(max(step / self._steps, self.spent / self._limit), 1.0)

    def left(self, step: int) -> float:
        """Seconds that the rest will take if it goes on like this; inf before the first step."""
        share = self.share(step)
        return self.spent / share - self.spent if share else math.inf

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
    steps: int,
    after_step: Callable[[], None],
    note: Callable[[str], None],
    ranks: Ranks,
) -> dict[str, float]:
    """One pass of `steps` batches; ends early when the clock is over. Returns loss, accuracy, images_per_s."""
    mixed = bf16_pays(ranks.device)
    seen, named, right, total, started = 0, 0, 0, 0.0, time.monotonic()
    for step, (images, labels) in enumerate(batches):
        share, over = clock.share(first_step + step), clock.over
        if clock.limited:  # by the first process's clock: all must do the same steps
            share, over = ranks.broadcast((share, over))
        if over and seen:
            break
        begins = step - step % recipe.accumulate
        parts = min(recipe.accumulate, steps - begins)
        if step == begins:
            optimizer.zero_grad(set_to_none=True)
        inputs = images.to(ranks.device, non_blocking=True).to(memory_format=torch.channels_last)
        targets = labels.to(ranks.device, non_blocking=True)
        kept, order = mix(len(targets), recipe.mixup)
        if order is not None:
            inputs = kept * inputs + (1 - kept) * inputs[order]
        last = step == begins + parts - 1
        with nullcontext() if last else apart(network):
            with torch.autocast(ranks.device.type, torch.bfloat16, enabled=mixed):
                logits = network(inputs)
            loss = loss_of(logits, targets)
            if order is not None:
                loss = kept * loss + (1 - kept) * loss_of(logits, targets[order])
            (loss / parts).backward()  # type: ignore[no-untyped-call]
        if last:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * one_cycle(share, warmup=recipe.warmup_share)
            optimizer.step()
            after_step()
        seen += len(labels)
        total += float(loss.detach()) * len(labels)
        hits, answers = score_of(logits, targets)
        right, named = right + hits, named + answers
        speed = seen * ranks.size / (time.monotonic() - started)
        left = duration(clock.left(first_step + step + 1))
        note(f"loss {total / seen:.3f}  acc {right / max(named, 1):.3f}  {speed:.0f} photos/s  {left} left")
    seconds = max(time.monotonic() - started, 1e-9)
    everywhere = ranks.all_reduce([seen, total, right, named])
    return {
        "loss": everywhere[1] / max(everywhere[0], 1),
        "accuracy": everywhere[2] / max(everywhere[3], 1),
        "images_per_s": everywhere[0] / seconds,
    }


def duration(seconds: float) -> str:
    """ "0:04", "12:30", "3:05:00"; "?" if nobody knows yet."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
    val_loss_of: Loss = tempered_loss,
    ranks: Ranks | None = None,
) -> Fitted:
    """Train; the epoch with the least val loss wins, the last one if there is no val.

    Not the one with the most right answers, which luck would choose: of 465 val photos an epoch at two thirds of a
    training once had one more than any after it, and was 2.5 points behind the model before. Raises CheckpointError,
    TrainError.

    With resume and a checkpoint in run_dir it goes on after the last whole epoch. ranks: the processes that train
    together, this one the first; None = this one alone.
    """
    ranks = ranks or alone()
    ranks.share_of(min(recipe.batch, len(train) - len(train) % ranks.size))  # says now what cannot be shared out
    _given_away(
        ranks, network=network, loss_of=loss_of, train=train, val=val, recipe=recipe, epochs=epochs,
        max_minutes=max_minutes, run_dir=run_dir, fingerprint=fingerprint, resume=resume, workers=workers,
        score_of=score_of,
    )  # fmt: skip
    if ranks.device.type == "cpu":
        keep_freed_memory()
        if bf16_pays(ranks.device):
            speed_up_depthwise(network)
    network = network.to(ranks.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
    freeze_stages(network, recipe.freeze_stages)
    optimizer = optimizer_for(network, recipe)
    average = _average(network, recipe) if recipe.ema_decay and ranks.first else None
    checkpoint = run_dir / CHECKPOINT
    batch = min(recipe.batch, len(train) - len(train) % ranks.size)
    per_epoch = len(train) // batch
    done, spent, history, least_loss, since, best_state = 0, 0.0, [], math.inf, 0, {}
    saved = ranks.broadcast(
        _saved(checkpoint, fingerprint=fingerprint, progress=progress) if resume and ranks.first else {}
    )
    if saved:
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        if average is not None:
            average.load_state_dict(saved["average"])
        done, spent, history = saved["done"], saved["spent"], saved["history"]
        least_loss, since, best_state = saved["least_loss"], saved["since"], saved["best_state"]
    clock = Clock(steps=per_epoch * epochs, minutes=max_minutes, spent=spent)
    for epoch in range(done, epochs):
        ended = bool(history) and (clock.over or 0 < recipe.patience <= since)
        share, ended = ranks.broadcast((clock.share(epoch * per_epoch), ended))
        if ended:
            break
        size = recipe.size_at(min(int(share * epochs), epochs - 1), epochs)
        torch.manual_seed(recipe.seed * 100_003 + epoch + ranks.rank * 7919)  # dropout, mixup
        train.augment(recipe, size=size, epoch=epoch)
        network.train()
        for module in unfreeze(network, recipe, epoch=epoch):
            module.eval()
        order = ranks.part_of(epoch_order(train.labels, recipe, epoch=epoch).tolist(), batch=batch)
        loader: Any = DataLoader(
            Subset(train, order), batch_size=ranks.share_of(batch), num_workers=workers,
            pin_memory=ranks.device.type == "cuda",
        )  # fmt: skip
        figures = train_one_epoch(
            ranks.wrapped(network),
            progress.track(loader, total=per_epoch, what=f"epoch {epoch + 1}/{epochs}"),
            optimizer,
            loss_of=loss_of,
            score_of=score_of,
            recipe=recipe,
            clock=clock,
            first_step=epoch * per_epoch,
            steps=per_epoch,
            after_step=partial(average.update_parameters, network) if average is not None else lambda: None,
            note=progress.note,
            ranks=ranks,
        )
        _check_loss(figures["loss"], epoch)
        if not ranks.first:
            history.append(figures)
            continue
        measured = average.module if average is not None else network
        figures |= _validate(measured, val, recipe, score_of=score_of, loss_of=val_loss_of)
        _check_loss(figures["val_loss"], epoch)
        history.append(_history_entry(figures, epoch=epoch, size=size, log=log))
        progress.say("  ".join(f"{k} {v:g}" for k, v in history[-1].items()) + f"  after {clock.spent / 60:.1f} min")
        since += 1
        if figures["val_loss"] < least_loss or not len(val):
            since, least_loss, best_state = 0, figures["val_loss"], _copy(measured)
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
                "least_loss": least_loss,
                "since": since,
                "best_state": best_state,
            },
        )
    return Fitted(state=best_state, history=history)


def _check_loss(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise TrainError(f"the loss is no number any more in epoch {epoch + 1}: lower lr_backbone and lr_head")


def fit_help() -> None:
    """In a further process of torchrun: take part in the first one's fit, if it comes to one. Raises TrainError."""
    with helping() as ranks:
        if ranks is not None:
            fit(**ranks.broadcast({}), progress=Silent(), ranks=ranks)


def _given_away(ranks: Ranks, **job: Any) -> None:
    """What fit_help waits for."""
    if ranks.first:
        ranks.broadcast(job)


def _history_entry(figures: dict[str, float], *, epoch: int, size: int, log: Log) -> dict[str, float]:
    """An epoch's figures as the history keeps them; also drawn into the curves."""
    for name, value in figures.items():
        log(name, value, epoch + 1)
    finite = {name: round(value, 5) for name, value in figures.items() if math.isfinite(value)}  # fit for JSON
    return {"epoch": epoch + 1.0, "size": float(size), **finite}


def _average(network: nn.Module, recipe: Recipe) -> AveragedModel:
    def update(averaged: PARAM_LIST, current: PARAM_LIST, counted: Tensor | int) -> None:
        # A decay of 0.999 remembers 1,000 steps, and a small market's training has 200: it would end as an average of
        # its random beginning. Until there are enough steps the decay grows with them, as tf.train's average does.
        decay = min(recipe.ema_decay, (1 + int(counted)) / (10 + int(counted)))
        get_ema_multi_avg_fn(decay)(averaged, current, counted)  # type: ignore[no-untyped-call]

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)


def _saved(checkpoint: Path, *, fingerprint: str, progress: Progress) -> dict[str, Any]:
    if not checkpoint.exists():
        progress.say("There is no checkpoint of this very training to go on from: it starts at its beginning")
        return {}
    return checkpoint_read(checkpoint, fingerprint=fingerprint)


def _validate(network: nn.Module, val: CropSet, recipe: Recipe, *, score_of: Score, loss_of: Loss) -> dict[str, float]:
    if not len(val):
        return {"val_loss": 0.0, "val_top1": 0.0}
    logits, labels = logits_of(network, val, batch=recipe.batch)
    right, answers = score_of(logits, labels)
    return {"val_loss": float(loss_of(logits, labels)), "val_top1": right / max(answers, 1)}


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
