"""The torch engine: CUDA in half precision, MPS and CPU in float32."""

from __future__ import annotations

import threading

import numpy as np
import torch
from torch import Tensor

from classifier.artefact import Artefact, ArtefactError
from classifier.engines import DeviceName, EngineError
from classifier.engines.networks import build
from classifier.preprocess import FloatArray

BATCH = {"cuda": 128, "mps": 32, "cpu": 16}
"""Photos at once, however many the caller brings: this bounds the device's memory."""


class TorchEngine:
    """Runs a network with PyTorch."""

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        self.name = f"torch-{device.type}"
        self.batch = BATCH[device.type]
        self._device = device
        # Half precision only where it is fast and accurate enough: parity with float32 is tested.
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._network = network.to(device=device, dtype=self._dtype)
        # Faster on CPUs as well as on GPUs.
        self._network = self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
        self._staged: Tensor | None = None
        self._lock = threading.Lock()  # ultralytics' head keeps its anchors on itself: not for two threads at once

    @classmethod
    def open(cls, artefact: Artefact, *, device: DeviceName = "cpu") -> TorchEngine:
        """Load the weights onto a device.

        Raises EngineError if there is no such device or the weights do not fit the backbone.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineError("device 'cuda' was asked for, but torch finds no CUDA GPU here")
        if device == "mps" and not torch.backends.mps.is_available():
            raise EngineError("device 'mps' was asked for, but torch finds no Apple GPU here")
        try:
            network = build(artefact)
        except ArtefactError as error:
            raise EngineError(str(error)) from error
        try:
            engine = cls(network, torch.device("cpu" if device == "auto" else device))
            if device == "cuda":  # load kernels and take memory now, not in the middle of the work
                side = artefact.spec.preprocessing.input_size
                for power in range(engine.batch.bit_length()):
                    engine.infer(np.zeros((1 << power, 3, side, side), dtype=np.float32))
        except RuntimeError as error:  # what torch raises for a device that is full, taken or out of order
            why = " ".join(str(error).split())[:200]
            raise EngineError(f"device {device!r} cannot run {artefact.version}: {why}") from error
        return engine

    def infer(self, batch: FloatArray, *, mirrored: bool = False) -> FloatArray:
        """See Engine.infer."""
        with self._lock, torch.inference_mode():
            parts = [
                self._run(batch[start : start + self.batch], mirrored) for start in range(0, len(batch), self.batch)
            ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _run(self, batch: FloatArray, mirrored: bool) -> FloatArray:
        inputs = self._on_device(torch.from_numpy(batch))
        outputs: Tensor = self._network(inputs).float()
        if mirrored:  # turned on the device, which need not be sent twice as much
            outputs = (outputs + self._network(inputs.flip(3)).float()) / 2
        # This waits until the device is done, so from here on the staging memory is free again.
        return np.ascontiguousarray(outputs[: len(batch)].cpu().numpy(), dtype=np.float32)

    def _on_device(self, batch: Tensor) -> Tensor:
        """The batch on the device, in its precision.

        On a GPU it is padded with zeros to a power of two, because every new batch size loads
        kernels.
        """
        if self._device.type != "cuda":
            return batch.to(device=self._device, dtype=self._dtype, memory_format=torch.channels_last)
        count = len(batch)
        filled = _power_of_two(count)
        if self._staged is None:
            # Page-locked, so that it is sent while the processor goes on. Kept, because allocating
            # it takes longer than filling it.
            self._staged = torch.zeros((self.batch, *batch.shape[1:]), dtype=self._dtype, pin_memory=True)
        staged = self._staged[:filled]
        staged[:count].copy_(batch)  # and rounded to half precision in the same pass
        staged[count:].zero_()
        return staged.to(self._device, non_blocking=True).contiguous(memory_format=torch.channels_last)


def _power_of_two(count: int) -> int:
    """The smallest one that is at least count."""
    return 1 << (count - 1).bit_length()
