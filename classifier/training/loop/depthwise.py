"""A fast backward pass for depthwise convolutions on CPUs; speed_up_depthwise is its one entry.

In bfloat16, oneDNN (as of torch 2.12) uses its slow reference kernels for two of a depthwise
convolution's three passes: the gradient of the input if the stride is 2, and the gradient of a
weight larger than 3x3. Together they took half of a training step of EfficientNet-lite0. Here the
first is computed in float32, and the second from gradients of 3x3 weights that cover the larger
one, for which there is a fast kernel.

When it can go: `python -m classifier.training.loop.depthwise [SIZE]` measures training steps with
and without it, on an idle CPU with bfloat16 instructions. With torch 2.12.1 it doubles the speed at
160 pixels: 53 instead of 25 photos per second of CPU time. Once a pinned torch is as fast without
it, at 160 and at 260 pixels, delete this module and its call in fit.py.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from timm.layers import Conv2dSame, pad_same
from torch import Tensor, nn

from classifier.training.loop.processes.hardware import bf16_pays, keep_freed_memory
from classifier.training.model.backbones import backbone_create, freeze_stages

_COVER = 3
"""Side of the weights that have a fast kernel."""
_convolution_backward: Any = torch.ops.aten.convolution_backward


class _Depthwise(torch.autograd.Function):
    """conv2d(padded, weight, stride=stride, groups=channels) without bias."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(padded, weight)
        ctx.stride = stride
        return nn.functional.conv2d(padded, weight, stride=stride, groups=weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (gradient,) = gradients
        padded, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_input = _of_input(gradient, padded, weight, ctx.stride) if ctx.needs_input_grad[0] else None
        of_weight = _of_weight(gradient, padded, weight, ctx.stride) if ctx.needs_input_grad[1] else None
        return of_input, of_weight, None


def _of_input(gradient: Tensor, padded: Tensor, weight: Tensor, stride: int) -> Tensor:
    if stride == 1 or padded.dtype != torch.bfloat16:
        return _backward(gradient, padded, weight, stride, of_input=True)
    exact = _backward(gradient.float(), padded.float(), weight.float(), stride, of_input=True)
    return exact.to(padded.dtype)


def _of_weight(gradient: Tensor, padded: Tensor, weight: Tensor, stride: int) -> Tensor:
    """3x3 weights at every second row and column cover a weight of any odd side."""
    side = weight.shape[-1]
    whole = torch.empty_like(weight)
    part = weight[:, :, :_COVER, :_COVER]
    height, width = ((size - 1) * stride + _COVER for size in gradient.shape[-2:])
    for top in range(0, side - _COVER + 1, _COVER - 1):
        for left in range(0, side - _COVER + 1, _COVER - 1):
            seen = padded[:, :, top : top + height, left : left + width]
            seen = seen.contiguous(memory_format=torch.channels_last)
            whole[:, :, top : top + _COVER, left : left + _COVER] = _backward(
                gradient, seen, part, stride, of_input=False
            )
    return whole


def _backward(gradient: Tensor, padded: Tensor, weight: Tensor, stride: int, *, of_input: bool) -> Tensor:
    found: tuple[Tensor, Tensor, Tensor] = _convolution_backward(
        gradient, padded, weight, None, (stride, stride), (0, 0), (1, 1), False, (0, 0), weight.shape[0],
        (of_input, not of_input, False),
    )  # fmt: skip
    return found[0] if of_input else found[1]


class FastDepthwise(nn.Module):
    """A depthwise convolution with the fast backward pass; it keeps the plain one's weight."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.weight = convolution.weight
        self._stride, self._side = convolution.stride[0], convolution.kernel_size[0]
        self._same = isinstance(convolution, Conv2dSame)
        """TensorFlow's padding, which depends on the input's size."""
        self._padding = 0 if self._same else int(convolution.padding[0])

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, C, H, W)."""
        weight = self.weight
        if torch.is_autocast_enabled(images.device.type):
            kind = torch.get_autocast_dtype(images.device.type)
            images, weight = images.to(kind), weight.to(kind)
        if self._same:
            padded = pad_same(images, [self._side] * 2, [self._stride] * 2)
        else:
            padded = nn.functional.pad(images, [self._padding] * 4)
        made: Tensor = _Depthwise.apply(padded, weight, self._stride)  # type: ignore[no-untyped-call]
        return made


def _fits(module: nn.Module) -> bool:
    """Depthwise, without bias or dilation, square with an odd side of at least 3."""
    if not isinstance(module, nn.Conv2d) or type(module) not in (nn.Conv2d, Conv2dSame):
        return False
    depthwise = module.groups == module.in_channels == module.out_channels > 1
    plain = module.bias is None and module.dilation == (1, 1) and module.padding_mode == "zeros"
    side, *others = module.kernel_size
    square = others == [side] and module.stride[0] == module.stride[1] and not isinstance(module.padding, str)
    return depthwise and plain and square and side % 2 == 1 and side >= _COVER and len(set(module.padding)) == 1


def speed_up_depthwise(network: nn.Module, device: torch.device) -> None:
    """Give the network the fast backward pass if it trains in bfloat16 on a CPU; else do nothing.

    State dicts stay compatible, both ways.
    """
    if device.type == "cpu" and bf16_pays(device):
        replace_depthwise(network)


def replace_depthwise(network: nn.Module) -> int:
    """Replace the network's depthwise convolutions by FastDepthwise, in place; returns how many."""
    found = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Conv2d) and _fits(child)
    ]
    for parent, name, child in found:
        setattr(parent, name, FastDepthwise(child))
    return len(found)


def photos_per_second(size: int, *, fast: bool, batch: int = 64, steps: int = 4) -> float:
    """Training speed of EfficientNet-lite0 on noise, two stages frozen, in bfloat16 if it pays."""
    network = backbone_create("tf_efficientnet_lite0", outputs=300, pretrained=False)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
    if fast:
        replace_depthwise(network)
    frozen = freeze_stages(network, 2)
    network.train()
    for module in frozen:
        module.eval()
    optimizer = torch.optim.AdamW([one for one in network.parameters() if one.requires_grad], lr=1e-4)
    pictures = torch.randn(batch, 3, size, size).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 300, (batch,))
    started = 0.0
    for step in range(steps + 2):
        if step == 2:  # the first ones allocate the memory
            started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_pays(torch.device("cpu"))):
            logits = network(pictures)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return batch * steps / (time.perf_counter() - started)


if __name__ == "__main__":
    keep_freed_memory()
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    for fast in (False, True):
        words = "with" if fast else "without"
        sys.stdout.write(f"{words} it, {side} px: {photos_per_second(side, fast=fast):.0f} photos/s\n")
