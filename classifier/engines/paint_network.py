"""The network with which the colour classifier looks at a car."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn

STAGES = 4
"""How many stages of the network are looked at: of half to a sixteenth of the picture's side.
Later ones know what a thing is rather than how it looks."""


class PaintNetwork(nn.Module):
    """The first stages of a timm EfficientNet, each summed up over the picture.

    Per channel: the mean, the mean around the centre, and the standard deviation.
    """

    def __init__(self, backbone: str) -> None:
        """With random weights. Raises RuntimeError if timm has no such EfficientNet."""
        super().__init__()
        network: Any = timm.create_model(backbone, features_only=True, out_indices=tuple(range(STAGES)))
        modules = network.feature_info.module_name()
        if not modules[-1].startswith("blocks."):
            raise RuntimeError(f"{backbone} is no EfficientNet")
        network.blocks = network.blocks[: int(modules[-1].removeprefix("blocks.")) + 1]
        self.network = network
        self.features: int = 3 * sum(network.feature_info.channels())
        """How many numbers it gives for a picture."""

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) → (N, features)."""
        return torch.cat([part for stage in self.network(pictures) for part in _summed_up(stage)], dim=1)


def _summed_up(stage: Tensor) -> list[Tensor]:
    """(N, C, H, W) → three of (N, C)."""
    flat = stage.float().flatten(start_dim=2)  # half precision is too coarse for a spread
    mean = flat.mean(dim=2)
    spread = (flat - mean[..., None]).square().mean(dim=2).sqrt()
    return [mean, flat @ _centre(stage.shape[2], stage.shape[3]).to(flat), spread]


def _centre(height: int, width: int) -> Tensor:
    """What each place counts, (height * width,), 1 in all: panels lie below the middle."""
    y = ((torch.arange(height) + 0.5) / height - 0.55) / 0.28
    x = ((torch.arange(width) + 0.5) / width - 0.5) / 0.35
    weights = torch.exp(-y.square()[:, None] - x.square()[None]).flatten()
    return weights / weights.sum()
