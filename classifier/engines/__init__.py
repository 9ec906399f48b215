"""Engines: what runs a network, behind one small protocol.

OpenVINO serves on CPUs, torch on CUDA and MPS; torch on the CPU is there to check OpenVINO against.
Importing this package imports neither: a process that serves with OpenVINO never loads torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

from classifier.artefact import Artefact
from classifier.preprocess import FloatArray

EngineName = Literal["auto", "openvino", "torch"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]

# The NVIDIA kernel driver makes the first two on bare metal and in containers with a GPU; WSL2
# makes the last.
NVIDIA_DRIVER_FILES = (Path("/dev/nvidiactl"), Path("/proc/driver/nvidia/version"), Path("/dev/dxg"))


class EngineError(Exception):
    """A network cannot be loaded or run here; the message is one clear line."""


class Engine(Protocol):
    """Runs one network. Safe to call from several threads; calls wait for one another."""

    name: str
    """What runs, for logs and benchmarks: "openvino", "torch-cuda", …"""
    batch: int
    """How many photos at once use it fully; more are no faster."""

    def infer(self, batch: FloatArray, *, mirrored: bool = False) -> FloatArray:
        """float32 (N, 3, S, S), N ≥ 1 → the network's output, float32, first dimension N.

        See networks.build. mirrored: the mean of the outputs for each picture and its mirror image.
        """
        ...


def engine_choose(engine: EngineName, device: DeviceName) -> tuple[Literal["openvino", "torch"], DeviceName]:
    """Decide what "auto" means on this machine. Raises EngineError for what cannot be used here.

    CUDA is used if the device allows it, a file of the NVIDIA driver exists and torch finds a GPU;
    torch is imported only if there is such a file. MPS serves only when it is asked for by name.
    Everything else is OpenVINO.
    """
    if engine not in get_args(EngineName):
        raise EngineError(f"unknown engine {engine!r}: choose from {', '.join(get_args(EngineName))}")
    if device not in get_args(DeviceName):
        raise EngineError(f"unknown device {device!r}: choose from {', '.join(get_args(DeviceName))}")
    if engine == "openvino":
        if device in ("cuda", "mps"):
            raise EngineError(f"OpenVINO serves on the CPU here: device {device!r} needs engine torch or auto")
        return "openvino", "cpu"
    if device in ("cuda", "mps"):
        return "torch", device  # the torch engine raises an error if there is none
    if device == "auto" and _cuda_found():
        return "torch", "cuda"
    if engine == "torch":
        return "torch", "cpu"
    return "openvino", "cpu"


def _cuda_found() -> bool:
    if not any(path.exists() for path in NVIDIA_DRIVER_FILES):
        return False
    import torch  # noqa: PLC0415  not without a driver: a CPU worker must stay free of torch

    return torch.cuda.is_available()


def engine_open(
    artefact: Artefact, *, engine: Literal["openvino", "torch"], device: DeviceName, cache_dir: Path | None
) -> Engine:
    """Load one artefact's network into the chosen engine; see engines_open. Raises EngineError."""
    return engines_open([artefact], engine=engine, device=device, cache_dir=cache_dir)[0]


def engines_open(
    artefacts: Sequence[Artefact], *, engine: Literal["openvino", "torch"], device: DeviceName, cache_dir: Path | None
) -> list[Engine]:
    """Load artefacts' networks into the chosen engine, in their order. Raises EngineError.

    cache_dir: where OpenVINO keeps converted networks; None converts anew for this process.
    Converting takes some twenty CPU-seconds for three networks and half of that for one, so open
    together what is needed together.
    """
    # Each engine pulls in its own runtime, so only the chosen one is imported.
    if engine == "openvino":
        from classifier.engines.openvino_engine import OpenVinoEngine  # noqa: PLC0415

        return [*OpenVinoEngine.open_all(artefacts, cache_dir=cache_dir)]
    from classifier.engines.torch_engine import TorchEngine  # noqa: PLC0415

    return [TorchEngine.open(artefact, device=device) for artefact in artefacts]
