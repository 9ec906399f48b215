"""A network without its last layer. Its features are stored, and any last layer runs on them."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from classifier.engines import DeviceName, Engine, EngineError, EngineName, engine_choose
from classifier.engines.torch_engine import TorchEngine
from classifier.preprocess import FloatArray


def extractor_digest(network: nn.Module, *besides: str) -> str:
    """Identifies a network's features; besides: what else they depend on."""
    digest = hashlib.sha256("\0".join(besides).encode())
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def extractor_engine(
    network: nn.Module, *, side: int, engine: EngineName = "auto", device: DeviceName = "auto"
) -> Engine:
    """An engine that runs the network on square pictures of `side` pixels; see engine_choose.

    The network belongs to the engine afterwards, which may change its precision. Raises
    EngineError.
    """
    chosen, place = engine_choose(engine, device)
    if chosen == "torch":
        try:
            return TorchEngine(network, torch.device(place))
        except RuntimeError as error:  # what torch raises for a device that is full, taken or out of order
            why = " ".join(str(error).split())[:300]
            raise EngineError(f"device {place!r} cannot take the network: {why}") from error
    # As in engines_open: a machine with a GPU need not have OpenVINO.
    from classifier.engines.export import network_export  # noqa: PLC0415
    from classifier.engines.openvino_engine import OpenVinoEngine  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="forecourt-features-") as folder:
        out = Path(folder) / "ir"
        try:
            network_export(network, side=side, out=out)
            return OpenVinoEngine(out)
        except RuntimeError as error:  # what torch's tracer and OpenVINO raise for all their troubles
            why = " ".join(str(error).split())[:300]
            raise EngineError(f"the network below its last layer cannot be run by OpenVINO: {why}") from error


def to_bytes(features: FloatArray) -> bytes:
    """Features (D,) as they are stored."""
    return features.astype("<f4").tobytes()


def from_bytes(kept: bytes) -> FloatArray:
    """The inverse of to_bytes; read-only."""
    return np.frombuffer(kept, dtype="<f4").astype(np.float32, copy=False)
