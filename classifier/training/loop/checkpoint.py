"""Checkpoints: written beside, synced, renamed. A kill at any moment leaves the last whole one.

The sha256 of torch's file is appended to it: torch loads altered weights without an error.
"""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import IO, Any

import torch

from classifier.durable import file_beside
from classifier.training.errors import TrainError

FORMAT = 2
"""A checkpoint of another format is refused. Raise it when the content changes."""


class CheckpointError(TrainError):
    """A checkpoint cannot be written or used; the message is one clear line."""


def checkpoint_write(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values.

    Raises CheckpointError if the disk is full; the checkpoint before is then still there.
    """
    for left in path.parent.glob(f".{path.name}.*"):  # by a run that was killed while writing
        left.unlink(missing_ok=True)
    try:
        with file_beside(path) as file:
            torch.save({**content, "format": FORMAT}, file)
            file.write(_sha256(file, file.tell()))
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError for a short write
        why = error.strerror if isinstance(error, OSError) else "the disk may be full"
        raise CheckpointError(f"{path}: the checkpoint cannot be written ({why}); go on with --resume") from error


def checkpoint_read(path: Path, *, fingerprint: str) -> dict[str, Any]:
    """The checkpoint's content. Raises CheckpointError if it is damaged or of another training."""
    try:
        with path.open("rb") as file:
            whole = path.stat().st_size - hashlib.sha256().digest_size
            intact = whole > 0 and _sha256(file, whole) == file.read()
            file.seek(0)
            content: Any = torch.load(file, map_location="cpu", weights_only=True) if intact else None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: the checkpoint cannot be read; start again without --resume") from error
    if not intact:
        raise CheckpointError(f"{path}: the checkpoint is damaged; start again without --resume")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: the checkpoint is of another version of this software; start again without --resume"
        )
    if content.get("fingerprint") != fingerprint:
        raise CheckpointError(f"{path}: the checkpoint is of another manifest, recipe or number of epochs")
    return content


def _sha256(file: IO[bytes], size: int) -> bytes:
    """Of the file's first `size` bytes; the file's position is then behind them."""
    file.seek(0)
    digest = hashlib.sha256()
    while size and (part := file.read(min(size, 1 << 20))):
        digest.update(part)
        size -= len(part)
    return digest.digest()
