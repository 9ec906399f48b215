"""Data-parallel training: `torchrun --nproc-per-node N manage.py retrain …`, one process per GPU.

The first process reads the photos, writes checkpoints, validates and registers the artefact. The
others wait until it begins to fit, receive the job from it, compute gradients of their share of
each batch, and end. The job is pickled and sent over torch's own connection, between processes of
one job on one machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from classifier.training.errors import TrainError
from classifier.training.loop.processes.launch import local_rank, processes

T = TypeVar("T")

LOST = timedelta(minutes=30)
"""A process that is silent for this long is gone. The first one is silent while it validates."""
UNTIL_FIT = timedelta(days=7)
"""How long the others wait for the first one, which cuts the photos first. If it ends earlier,
torchrun ends them."""
CALL, FIT, DISMISS = "forecourt-call", "fit", "dismiss"
"""Key and values in torchrun's store: the others join a fit, or end."""


@dataclass(frozen=True)
class Ranks:
    """The processes that train together, seen from one of them."""

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009  immutable

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and reports."""
        return self.rank == 0

    def broadcast(self, value: T) -> T:
        """The first process's value, in every process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def receive(self, kind: type[T]) -> T:
        """In a further process: what the first one broadcasts, of type `kind`, else TypeError."""
        box: list[Any] = [None]
        distributed.broadcast_object_list(box, src=0)
        if not isinstance(box[0], kind):
            raise TypeError(f"the first process sent a {type(box[0]).__name__}, not a {kind.__name__}")
        return box[0]

    def all_reduce(self, numbers: Sequence[float]) -> list[float]:
        """The sums over all processes."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64)
        distributed.all_reduce(sums)
        return [float(one) for one in sums]

    def share_of(self, batch: int) -> int:
        """This process's photos of a batch. Raises TrainError if it cannot be shared out evenly."""
        if batch % self.size or not batch:
            raise TrainError(
                f"a batch of {batch} photos cannot be shared out evenly among {self.size} processes: "
                f"set batch={max(batch // self.size, 1) * self.size}"
            )
        return batch // self.size

    def part_of(self, order: Sequence[int], *, batch: int) -> list[int]:
        """This process's share of an epoch's photos, which come in whole batches."""
        own = self.share_of(batch)
        starts = range(0, len(order) - batch + 1, batch)
        return [one for start in starts for one in order[start + self.rank * own : start + (self.rank + 1) * own]]

    def wrapped(self, network: nn.Module) -> nn.Module:
        """The network with a backward pass that averages gradients over the processes.

        Wrap it again whenever other parameters learn. Wrapping gives all the first one's weights.
        """
        if self.size == 1:
            return network
        return DistributedDataParallel(network, device_ids=[self.device.index] if self.device.type == "cuda" else None)


def alone() -> Ranks:
    """One process, on the GPU if there is one."""
    return Ranks(device=_device())


def apart(network: nn.Module) -> contextlib.AbstractContextManager[None]:
    """A context in which gradients stay local: for all but the last pass of an accumulation."""
    if isinstance(network, DistributedDataParallel):
        return network.no_sync()
    return contextlib.nullcontext()


@contextlib.contextmanager
def leading() -> Iterator[Ranks]:
    """In the first process: call the others to train together. Raises TrainError if one is lost."""
    if processes() == 1:
        yield alone()
        return
    with _joined(call=True) as ranks:
        yield ranks


@contextlib.contextmanager
def helping() -> Iterator[Ranks | None]:
    """In the others: wait for the first process; None if it dismisses them.

    Raises TrainError if it is lost.
    """
    with _joined(call=False) as ranks:
        yield ranks


def dismiss() -> None:
    """In the first process: end the others, which this training does not need."""
    if processes() > 1:
        _store()[0].set(CALL, DISMISS)


@contextlib.contextmanager
def _joined(*, call: bool) -> Iterator[Any]:
    device = _device()
    try:
        store, rank, size = _store()
        if call:
            store.set(CALL, FIT)
        else:
            store.wait([CALL], UNTIL_FIT)
            if store.get(CALL).decode() == DISMISS:
                yield None
                return
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=LOST)
        try:
            yield Ranks(rank, size, device)
        finally:
            distributed.destroy_process_group()
    except RuntimeError as error:
        if not _is_of_the_connection(error):
            raise
        raise TrainError(
            "another process of this training is gone or was not heard of for "
            f"{LOST.total_seconds() / 60:.0f} minutes; start it again with --resume"
        ) from error


def _is_of_the_connection(error: RuntimeError) -> bool:
    """Gloo raises plain RuntimeErrors, which name its source files."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error) or "Gloo" in str(error)


def _store() -> tuple[Any, int, int]:
    """torchrun's store, this process's rank, and the number of processes."""
    return next(rendezvous("env://", timeout=LOST))  # type: ignore[no-any-return]


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    own, there = local_rank(), torch.cuda.device_count()
    if own >= there:
        raise TrainError(f"torchrun started more processes than the {there} GPUs here: --nproc-per-node {there}")
    torch.cuda.set_device(own)
    return torch.device("cuda", own)
