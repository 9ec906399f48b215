"""Weight averaging after fine-tuning: interpolate initial and final weights (arXiv:2109.01903).

Fine-tuning a model that knows the task gains right answers and loses some, and its confidences get
less honest. A point on the line often keeps the gain without the loss; held-out photos choose it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from classifier.training.data.pictures.transforms import CropSet
from classifier.training.loop.loss import tempered_loss
from classifier.training.loop.validation import logits_of
from classifier.training.model.backbones import State
from classifier.training.progress import Progress

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the way from start to end; coarse, because a few hundred held-out photos resolve no more."""


def weights_interpolated(start: State, end: State, share: float) -> State:
    """The weights at `share` of the way, 0 = start … 1 = end. Counters are the end's."""
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
    """The interpolated weights with the least val loss, and their share; a tie goes to the end.

    The loss is taken at the temperature that minimises it, as calibration will choose it. network:
    of start's and end's form; its own weights are lost. start, end: on the CPU. weights: shape
    (len(val),), what each photo counts. Without val photos the end is returned.
    """
    if not len(val):
        return end, 1.0
    losses = {}
    for share in progress.track(SHARES, total=len(SHARES), what="weight averaging"):
        network.load_state_dict(weights_interpolated(start, end, share))
        logits, labels = logits_of(network, val, batch=batch)
        losses[share] = float(tempered_loss(logits, labels, torch.from_numpy(weights)))
    best = min(reversed(SHARES), key=lambda share: losses[share])
    listed = ", ".join(f"{share:g}: {loss:.4f}" for share, loss in losses.items())
    progress.say(f"held-out loss by the share of the way from start to end: {listed}; taken: {best:g}")
    return weights_interpolated(start, end, best), best
