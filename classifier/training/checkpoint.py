"""Checkpoints: written beside, synced, renamed, so that a kill at any moment leaves the last whole one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from classifier.training.errors import TrainError


class CheckpointError(TrainError):
    """A checkpoint cannot be continued from; the message is one clear line."""


def checkpoint_write(path: Path, content: dict[str, Any]) -> None:
    """Tensors and plain values only. Raises CheckpointError if the disk is full; the one before stays."""
    for left in path.parent.glob(f".{path.name}.*"):  # by a run that was killed while it wrote
        left.unlink(missing_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError where a write gives less than was to be written
        beside.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else "the disk may be full"
        raise CheckpointError(f"{path}: the checkpoint cannot be written ({why}); go on with --resume") from error


def checkpoint_read(path: Path, *, fingerprint: str) -> dict[str, Any]:
    """The checkpoint of this very training. Raises CheckpointError if it is damaged or of another one."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged; start again without --resume") from error
    if not isinstance(content, dict) or content.get("fingerprint") != fingerprint:
        raise CheckpointError(f"{path}: the checkpoint is of another manifest, recipe or number of epochs")
    return content
