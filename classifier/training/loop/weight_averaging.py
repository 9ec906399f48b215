"""Weights on the line between those a training started from and those it ended with (WiSE-FT, arXiv:2109.01903).

Going on from a model that knows the task gains right answers and loses some of what was known, the honesty of the
confidences first. A point between the two often has the gain without the loss; held-out photos say which one.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classifier.training.data.transforms import CropSet
from classifier.training.loop.fit import logits_of
from classifier.training.loop.loss import tempered_loss
from classifier.training.progress import Progress

State = dict[str, Tensor]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the way from start to end; coarse, because a few hundred held-out photos cannot tell more."""


def weights_interpolated(start: State, end: State, share: float) -> State:
    """The weights at `share` of the way, 0 = start … 1 = end; both have the same tensors. Counters are the end's."""
    return {name: start[name].lerp(value, share) if value.is_floating_point() else value for name, value in end.items()}


def weights_averaged(
    network: nn.Module,
    *,
    start: State,
    end: State,
    val: CropSet,
    weights: NDArray[np.float64],
    batch: int,
    progress: Progress,
) -> tuple[State, float]:
    """The weights of SHARES that make the labels of val likeliest, and their share; a tie goes to the end.

    Each is judged at the temperature that suits it best, as it will serve. network: of start's and end's form; its own
    weights are lost. start, end: on the CPU. weights: shape (len(val),), what each photo counts. Without photos in val
    the end stands.
    """
    if not len(val):
        return end, 1.0
    losses = {}
    for share in progress.track(SHARES, total=len(SHARES), what="between start and end"):
        network.load_state_dict(weights_interpolated(start, end, share))
        logits, labels = logits_of(network, val, batch=batch)
        losses[share] = float(tempered_loss(logits, labels, torch.from_numpy(weights)))
    best = min(reversed(SHARES), key=lambda share: losses[share])
    told = ", ".join(f"{share:g}: {loss:.4f}" for share, loss in losses.items())
    progress.say(f"held-out loss by the share of the way from start to end: {told}; taken: {best:g}")
    return weights_interpolated(start, end, best), best
