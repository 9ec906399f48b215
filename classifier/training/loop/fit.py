"""The training loop, resumable after every epoch.

Everything random is a function of seed, epoch and rank: a resumed training ends, bit for bit, like
an uninterrupted one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from torch.utils.data import DataLoader

from classifier.training.data.pictures.transforms import Drawn
from classifier.training.errors import TrainError
from classifier.training.loop.checkpoint import checkpoint_read, checkpoint_write
from classifier.training.loop.depthwise import speed_up_depthwise
from classifier.training.loop.epoch import Clock, train_one_epoch
from classifier.training.loop.optimizer import epoch_order, optimizer_for, unfreeze
from classifier.training.loop.processes.distributed import Ranks, alone, helping
from classifier.training.loop.processes.hardware import keep_freed_memory
from classifier.training.loop.state import EpochFigures, FitJob, Fitted, LoopState, average_of
from classifier.training.loop.validation import validate
from classifier.training.model.backbones import freeze_stages
from classifier.training.progress import Progress, Silent

Log = Callable[[str, float, int], None]
"""name, value, epoch: where curves go (TensorBoard)."""


def fit(
    job: FitJob,
    *,
    progress: Progress,
    log: Log = lambda name, value, epoch: None,
    ranks: Ranks | None = None,
) -> Fitted:
    """Train; the epoch with the least val loss wins, or the last one if there are no val photos.

    Accuracy would choose by luck: of 465 val photos, an epoch at two thirds of a training once had
    one more right than any after it, and was 2.5 points behind the model before. ranks: the
    processes that train together, seen from this one; None = this one alone. Raises
    CheckpointError, TrainError.
    """
    ranks = ranks or alone()
    ranks.share_of(job.batch(ranks.size))  # an uneven batch is refused before anybody waits
    if ranks.first:
        ranks.broadcast(job)  # fit_help waits for it
    state = _begin(job, ranks)
    if saved := ranks.broadcast(_saved(job, progress) if ranks.first else {}):
        state.restore(saved)
    clock = Clock(steps=job.steps(ranks.size) * job.epochs, minutes=job.max_minutes, spent=state.spent)
    while state.epoch < job.epochs:
        size = _size_of_next(job, state, clock, ranks)
        if size is None:
            break
        figures = _epoch(job, state, clock, ranks, size=size, progress=progress)
        _check_loss(figures["loss"], state.epoch)
        if not ranks.first:
            state.epoch += 1
            continue
        val_loss, val_top1 = validate(
            state.measured, job.val, batch=job.recipe.batch, score_of=job.score_of, loss_of=job.val_loss_of
        )
        _check_loss(val_loss, state.epoch)
        figures |= {"val_loss": val_loss, "val_top1": val_top1}
        for name, value in figures.items():
            log(name, value, state.epoch + 1)
        entry = _history_entry(figures, epoch=state.epoch, size=size)
        progress.say("  ".join(f"{k} {v:g}" for k, v in entry.items()) + f"  after {clock.spent / 60:.1f} min")
        progress.measured(entry)
        state.epoch_end(entry, val_loss=val_loss, has_val=len(job.val) > 0, spent=clock.spent)
        checkpoint_write(job.checkpoint, {"fingerprint": job.fingerprint, **state.as_checkpoint()})
    return Fitted(state=state.best, history=state.history)


def fit_help() -> None:
    """In a further process of torchrun: take part in the first one's fit, if there is one.

    Raises TrainError.
    """
    with helping() as ranks:
        if ranks is not None:
            fit(ranks.receive(FitJob), progress=Silent(), ranks=ranks)


def _begin(job: FitJob, ranks: Ranks) -> LoopState:
    network = job.network
    if ranks.device.type == "cpu":
        keep_freed_memory()
    torch.backends.cudnn.benchmark = ranks.device.type == "cuda"  # few sizes, many steps: the search pays
    speed_up_depthwise(network, ranks.device)
    network = network.to(ranks.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
    freeze_stages(network, job.recipe.freeze_stages)
    return LoopState(
        network=network,
        optimizer=optimizer_for(network, job.recipe),
        average=average_of(network, job.recipe) if job.recipe.ema_decay and ranks.first else None,
    )


def _saved(job: FitJob, progress: Progress) -> dict[str, Any]:
    """The checkpoint to continue from; {} = begin at the beginning."""
    if not job.resume:
        return {}
    if not job.checkpoint.exists():
        progress.say("There is no checkpoint of this very training to continue from: it starts at its beginning")
        return {}
    return checkpoint_read(job.checkpoint, fingerprint=job.fingerprint)


def _size_of_next(job: FitJob, state: LoopState, clock: Clock, ranks: Ranks) -> int | None:
    """The next epoch's input size; None if there is none, because time or patience has run out."""
    ended = bool(state.history) and (clock.over or 0 < job.recipe.patience <= state.since_best)
    share, ended = ranks.broadcast((clock.share(state.epoch * job.steps(ranks.size)), ended))
    if ended:
        return None
    return job.recipe.size_at(min(int(share * job.epochs), job.epochs - 1), job.epochs)


def _epoch(
    job: FitJob, state: LoopState, clock: Clock, ranks: Ranks, *, size: int, progress: Progress
) -> dict[str, float]:
    recipe, epoch, batch = job.recipe, state.epoch, job.batch(ranks.size)
    torch.manual_seed(recipe.seed * 100_003 + epoch + ranks.rank * 7919)  # dropout, mixup
    job.train.augment(recipe, size=size, epoch=epoch)
    state.network.train()
    for module in unfreeze(state.network, recipe, epoch=epoch):
        module.eval()
    order = ranks.part_of(epoch_order(job.train.labels, recipe, epoch=epoch, shares=job.shares).tolist(), batch=batch)
    loader: Any = DataLoader(
        Drawn(job.train, order), batch_size=ranks.share_of(batch), num_workers=job.workers,
        pin_memory=ranks.device.type == "cuda",
    )  # fmt: skip
    return train_one_epoch(
        progress.track(loader, total=job.steps(ranks.size), what=f"epoch {epoch + 1}/{job.epochs}"),
        network=ranks.wrapped(state.network),
        state=state,
        job=job,
        clock=clock,
        ranks=ranks,
        note=progress.note,
    )


def _check_loss(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise TrainError(f"the loss is no number any more in epoch {epoch + 1}: lower lr_backbone and lr_head")


def _history_entry(figures: dict[str, float], *, epoch: int, size: int) -> EpochFigures:
    """Fit for JSON: rounded, and without figures that are not finite."""
    finite = {name: round(value, 5) for name, value in figures.items() if math.isfinite(value)}
    return cast("EpochFigures", {"epoch": epoch + 1.0, "size": float(size), **finite})
