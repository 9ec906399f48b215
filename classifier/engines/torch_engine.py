"""The torch engine: CUDA in half precision, MPS and CPU in float32. Imports torch: see engines/__init__.py."""

from __future__ import annotations

import threading

import numpy as np
import torch

from classifier.artefact import Artefact, ArtefactError
from classifier.engines import DeviceName, EngineError
from classifier.engines.networks import build
from classifier.preprocess import FloatArray


class TorchEngine:
    """Runs a network with PyTorch."""

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        self.name = f"torch-{device.type}"
        self._device = device
        # Half precision only where it is fast and accurate enough: parity with float32 is tested.
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._network = network.to(device=device, dtype=self._dtype)
        if device.type != "cpu":
            self._network = self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
        self._lock = threading.Lock()  # ultralytics' head keeps its anchors on itself: not for two threads at once

    @classmethod
    def open(cls, artefact: Artefact, *, device: DeviceName = "cpu") -> TorchEngine:
        """Load the weights onto a device; raises EngineError if there is no such device or the weights do not fit."""
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineError("device 'cuda' was asked for, but torch finds no CUDA GPU here")
        if device == "mps" and not torch.backends.mps.is_available():
            raise EngineError("device 'mps' was asked for, but torch finds no Apple GPU here")
        try:
            network = build(artefact)
        except ArtefactError as error:
            raise EngineError(str(error)) from error
        return cls(network, torch.device("cpu" if device == "auto" else device))

    def infer(self, batch: FloatArray) -> FloatArray:
        """See Engine.infer."""
        with self._lock, torch.inference_mode():
            inputs = torch.from_numpy(batch)
            if self._device.type == "cuda":
                inputs = inputs.pin_memory()
            inputs = inputs.to(self._device, non_blocking=True)
            inputs = inputs.to(dtype=self._dtype, memory_format=torch.channels_last)
            outputs: torch.Tensor = self._network(inputs)
            return np.ascontiguousarray(outputs.float().cpu().numpy(), dtype=np.float32)
