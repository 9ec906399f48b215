"""What a network answers on held-out photos, and how right it is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from classifier.training.data.pictures.transforms import CropSet
from classifier.training.loop.loss import Loss
from classifier.training.loop.processes.hardware import bf16_pays

Score = Callable[[Tensor, Tensor], tuple[int, int]]
"""logits, labels → how many answers are right, and how many labels could be answered."""


def top1(logits: Tensor, labels: Tensor) -> tuple[int, int]:
    """Score of logits (N, C) and labels (N,). A label of C or more states only the make."""
    return int((logits.argmax(1) == labels).sum()), int((labels < logits.shape[1]).sum())


@torch.inference_mode()
def logits_of(network: nn.Module, photos: CropSet, *, batch: int) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and labels, (N,) or (N, heads), of photos as serving shows them.

    In mixed precision where that is faster. Leaves the network in eval mode.
    """
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


def validate(network: nn.Module, val: CropSet, *, batch: int, score_of: Score, loss_of: Loss) -> tuple[float, float]:
    """Loss and share right on held-out photos; (0, 0) without any."""
    if not len(val):
        return 0.0, 0.0
    logits, labels = logits_of(network, val, batch=batch)
    right, answers = score_of(logits, labels)
    return float(loss_of(logits, labels)), right / max(answers, 1)
