"""One epoch of training, and the clock that drives the learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from classifier.training.loop.loss import Loss
from classifier.training.loop.optimizer import one_cycle
from classifier.training.loop.processes.distributed import Ranks, apart
from classifier.training.loop.processes.hardware import bf16_pays
from classifier.training.loop.state import FitJob, LoopState
from classifier.training.loop.validation import Score


class Clock:
    """How far a training is, by steps and by time; under a time limit whichever is further counts.

    So a training that runs out of time ends with the small learning rate of its last step.
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
        """Seconds that the rest will take at the same speed; inf before the first step."""
        share = self.share(step)
        return self.spent / share - self.spent if share else math.inf

    @property
    def over(self) -> bool:
        """Whether the time is spent."""
        return self.spent >= self._limit


NOTE_EVERY = 16
"""Steps on a GPU between two looks at the figures, since each look waits for it."""


@dataclass
class _Totals:
    """Sums over the batches of an epoch, in one process."""

    score_of: Score
    unread: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)
    """Loss, logits and labels of the batches that are not in the sums yet."""
    photos: int = 0
    loss: float = 0.0
    right: int = 0
    answers: int = 0
    started: float = field(default_factory=time.monotonic)

    def read(self) -> None:
        """Add up what is unread."""
        for loss, logits, labels in self.unread:
            right, answers = self.score_of(logits, labels)
            self.photos += len(labels)
            self.loss += float(loss) * len(labels)
            self.right, self.answers = self.right + right, self.answers + answers
        self.unread.clear()

    def note(self, *, processes: int, left: float) -> str:
        speed = self.photos * processes / (time.monotonic() - self.started)
        accuracy = self.right / max(self.answers, 1)
        return f"loss {self.loss / self.photos:.3f}  acc {accuracy:.3f}  {speed:.0f} photos/s  {duration(left)} left"

    def figures(self, ranks: Ranks) -> dict[str, float]:
        """Over all processes."""
        self.read()
        seconds = max(time.monotonic() - self.started, 1e-9)
        photos, loss, right, answers = ranks.all_reduce([self.photos, self.loss, self.right, self.answers])
        return {
            "loss": loss / max(photos, 1),
            "accuracy": right / max(answers, 1),
            "images_per_s": photos / seconds,
        }


def train_one_epoch(
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    network: nn.Module,
    state: LoopState,
    job: FitJob,
    clock: Clock,
    ranks: Ranks,
    note: Callable[[str], None],
) -> dict[str, float]:
    """One pass over the batches, which ends early when the clock is over.

    network: the state's, as Ranks.wrapped gives it. note: gets a line after each step. Returns
    loss, accuracy and images_per_s over all processes.
    """
    steps, accumulate = job.steps(ranks.size), job.recipe.accumulate
    mixed = bf16_pays(ranks.device)
    first_step = state.epoch * steps
    totals = _Totals(job.score_of)
    often = NOTE_EVERY if ranks.device.type == "cuda" else 1
    for step, (images, labels) in enumerate(batches):
        share, over = clock.share(first_step + step), clock.over
        if clock.limited:  # by the first process's clock: all must do the same steps
            share, over = ranks.broadcast((share, over))
        if over and (totals.photos or totals.unread):
            break
        begins = step - step % accumulate
        parts = min(accumulate, steps - begins)
        if step == begins:
            state.optimizer.zero_grad(set_to_none=True)
        inputs = images.to(ranks.device, non_blocking=True).to(memory_format=torch.channels_last)
        targets = labels.to(ranks.device, non_blocking=True)
        last = step == begins + parts - 1
        with nullcontext() if last else apart(network):
            logits, loss = _forward(network, inputs, targets, loss_of=job.loss_of, mixup=job.recipe.mixup, mixed=mixed)
            (loss / parts).backward()  # type: ignore[no-untyped-call]
        if last:
            _step(state, one_cycle(share, warmup=job.recipe.warmup_share))
        totals.unread.append((loss.detach(), logits.detach(), targets))
        if (step + 1) % often and step + 1 < steps:
            continue
        totals.read()
        note(totals.note(processes=ranks.size, left=clock.left(first_step + step + 1)))
    return totals.figures(ranks)


def _forward(
    network: nn.Module, inputs: Tensor, targets: Tensor, *, loss_of: Loss, mixup: float, mixed: bool
) -> tuple[Tensor, Tensor]:
    """Logits and loss of a batch. mixup: see mix. mixed: in mixed precision."""
    kept, order = mix(len(targets), mixup)
    if order is not None:
        order = order.to(inputs.device, non_blocking=True)
        inputs = kept * inputs + (1 - kept) * inputs[order]
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=mixed):
        logits = network(inputs)
    loss = loss_of(logits, targets)
    if order is not None:
        loss = kept * loss + (1 - kept) * loss_of(logits, targets[order])
    return logits, loss


def _step(state: LoopState, share: float) -> None:
    """share: the learning rate as a share of its peak."""
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * share
    state.optimizer.step()
    state.step_end()


def mix(count: int, alpha: float) -> tuple[float, Tensor | None]:
    """For a batch of `count`: the share each photo keeps, 0.5…1, and which photo gives it the rest.

    None in place of the latter: nothing is mixed. Drawn from torch's generator, seeded per epoch.
    """
    if not alpha or count < 2:
        return 1.0, None
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    return max(share, 1 - share), torch.randperm(count)


def duration(seconds: float) -> str:
    """ "0:04", "12:30", "3:05:00"; "?" if it is not known yet."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
