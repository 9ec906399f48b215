"""An artefact: one trained model's immutable folder `<name>-<sha8>/`.

It holds `model.safetensors` and `model.json`. `sha8` is taken over `model.json` (less its date),
and `model.json` holds the sha256 of the weights, so the folder's name vouches for both: a changed
threshold is a new version, and a damaged or swapped file is refused when it is opened.
Two further files may lie beside them, which serving never reads: `taught.safetensors`, for which
the name does not vouch, and `memory.safetensors`, whose sha256 is in `model.json` as well.
Only safetensors are ever read: no pickle, so a file from elsewhere cannot run code here.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.artefact_spec import (
    FORMAT_VERSION,
    INTERPOLATIONS,
    NEVER,
    ArtefactError,
    ArtefactSpec,
    CropRule,
    Head,
    Preprocessing,
    Task,
    Thresholds,
    TrainedClass,
    backbones_of,
    spec_from_json,
)
from classifier.durable import file_write, folder_write

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "FORMAT_VERSION",
    "INTERPOLATIONS",
    "MEMORY_FILE",
    "NEVER",
    "SEEN_PHOTOS_FILE",
    "SPEC_FILE",
    "WEIGHTS_FILE",
    "Artefact",
    "ArtefactError",
    "ArtefactSpec",
    "CropRule",
    "Head",
    "Preprocessing",
    "Task",
    "Thresholds",
    "TrainedClass",
    "artefact_check",
    "artefact_copy",
    "artefact_only",
    "artefact_open",
    "artefact_write",
    "backbones_of",
    "file_add",
    "spec_from_json",
]

WEIGHTS_FILE = "model.safetensors"
SPEC_FILE = "model.json"
SEEN_PHOTOS_FILE = "taught.safetensors"
"""Hashes of its seen photos, see training.data.cleaning.seen_photos. Not all artefacts have it."""
MEMORY_FILE = "memory.safetensors"
"""What it remembers of its photos, see training.data.memory. Not all artefacts have it."""


@dataclass(frozen=True)
class Artefact:
    """An opened, checked artefact."""

    folder: Path
    spec: ArtefactSpec

    @property
    def version(self) -> str:
        """The folder's name; what predictions and the registry refer to."""
        return self.folder.name

    @property
    def weights_path(self) -> Path:
        """The checked safetensors file."""
        return self.folder / WEIGHTS_FILE

    def state_dict(self) -> dict[str, Tensor]:
        """The weights on the CPU, floating tensors as float32."""
        # Only training and the torch engine call this; serving with OpenVINO does without torch.
        from safetensors.torch import load_file  # noqa: PLC0415

        tensors = load_file(self.weights_path)
        return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def artefact_write(
    *, parent: Path, name: str, spec: ArtefactSpec, state_dict: dict[str, Tensor], seen_photos: bytes | None = None,
    memory: bytes | None = None,
) -> Artefact:  # fmt: skip
    """Write `parent/<name>-<sha8>/` atomically, floating weights as fp16.

    Returns the existing artefact if it is the same. seen_photos, memory: the content of
    SEEN_PHOTOS_FILE and MEMORY_FILE; None: it has none. Raises ArtefactError if the spec is
    inconsistent, a weight does not fit fp16, or the folder cannot be written.
    """
    import torch  # noqa: PLC0415  see Artefact.state_dict
    from safetensors.torch import save  # noqa: PLC0415

    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise ArtefactError(f"artefact name {name!r} must be lower-case letters, digits, dots, dashes")
    packed: dict[str, Tensor] = {}
    for key, value in state_dict.items():
        tensor = value.detach().cpu()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float16)
            if not torch.isfinite(tensor).all():
                raise ArtefactError(f"weight {key!r} does not fit fp16")
        packed[key] = tensor.contiguous().clone()
    weights = save(packed)
    spec = replace(
        spec,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        memory_sha256="" if memory is None else hashlib.sha256(memory).hexdigest(),
        created=spec.created or datetime.now(UTC).isoformat(timespec="seconds"),
        format_version=FORMAT_VERSION,
    )
    document = json.loads(json.dumps(asdict(spec), allow_nan=False))
    spec_from_json(document)  # what cannot be read back is not written
    folder = parent / f"{name}-{_identity(document)[:8]}"
    text = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    beside = {name: one for name, one in ((SEEN_PHOTOS_FILE, seen_photos), (MEMORY_FILE, memory)) if one is not None}
    return _publish(folder, {WEIGHTS_FILE: weights, SPEC_FILE: text, **beside})


def artefact_copy(artefact: Artefact, *, parent: Path) -> Artefact:
    """The same artefact under `parent`, copied atomically unless it is there already.

    Raises ArtefactError if it cannot be read or the copy cannot be written.
    """
    try:
        beside = [name for name in (SEEN_PHOTOS_FILE, MEMORY_FILE) if (artefact.folder / name).exists()]
        files = {name: (artefact.folder / name).read_bytes() for name in (WEIGHTS_FILE, SPEC_FILE, *beside)}
    except OSError as error:
        raise ArtefactError(f"cannot read {artefact.folder}: {error.strerror}") from error
    return _publish(parent / artefact.version, files)


def _publish(folder: Path, files: dict[str, bytes]) -> Artefact:
    """Write an artefact's folder unless it exists.

    An existing one is left as it is, but gets the record of its seen photos if it has none, which
    is no part of its identity, and its memory, which is, if somebody has removed it.
    """
    try:
        written = not folder.exists() and folder_write(folder, files)
    except OSError as error:
        raise ArtefactError(f"cannot write {folder}: {error.strerror}") from error
    artefact = artefact_open(folder)
    for name in (SEEN_PHOTOS_FILE, MEMORY_FILE):
        if not written and name in files and not (folder / name).exists():
            file_add(artefact, name, files[name])
    return artefact


def file_add(artefact: Artefact, name: str, content: bytes) -> None:
    """Write a file beside its weights, such as SEEN_PHOTOS_FILE, atomically.

    Raises ArtefactError.
    """
    path = artefact.folder / name
    try:
        file_write(path, content)
    except OSError as error:
        raise ArtefactError(f"cannot write {path}: {error.strerror}") from error


def artefact_open(folder: Path) -> Artefact:
    """Open and check a folder.

    Raises ArtefactError if it is missing or malformed, its format version is unknown, or a sha256
    does not match.
    """
    folder = Path(folder)
    try:
        document = json.loads((folder / SPEC_FILE).read_bytes())
        with (folder / WEIGHTS_FILE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtefactError(f"no artefact in {folder}: {Path(error.filename or folder).name} cannot be read") from error
    except ValueError as error:
        raise ArtefactError(f"{folder / SPEC_FILE} is not JSON") from error
    try:
        spec = spec_from_json(document)
    except ArtefactError as error:
        raise ArtefactError(f"{folder / SPEC_FILE}: {error}") from error
    if digest != spec.weights_sha256:
        raise ArtefactError(f"{folder / WEIGHTS_FILE} is damaged or changed: its sha256 is not the one in {SPEC_FILE}")
    if not folder.resolve().name.endswith(f"-{_identity(document)[:8]}"):
        raise ArtefactError(f"{folder / SPEC_FILE} was changed: it does not match the folder's name")
    return Artefact(folder=folder.resolve(), spec=spec)


def artefact_check(folder: Path) -> Artefact:
    """As artefact_open, and its memory, which serving never reads, is the one that it was given."""
    artefact = artefact_open(folder)
    memory = artefact.folder / MEMORY_FILE
    if not artefact.spec.memory_sha256:
        return artefact
    try:
        with memory.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtefactError(f"{memory} cannot be read: {error.strerror}") from error
    if digest != artefact.spec.memory_sha256:
        raise ArtefactError(f"{memory} is damaged or changed: its sha256 is not the one in {SPEC_FILE}")
    return artefact


def artefact_only(parent: Path) -> Artefact:
    """Open the one artefact in `parent` (as in `weights/detector/`).

    Raises ArtefactError if there is none, or several.
    """
    found = sorted(p for p in parent.iterdir() if p.is_dir() and p.name[0] not in "._") if parent.is_dir() else []
    if len(found) != 1:
        raise ArtefactError(f"{parent} must hold exactly one artefact, it holds {len(found)}")
    return artefact_open(found[0])


def _identity(document: dict[str, Any]) -> str:
    """sha256 over model.json less its date, so that one result written twice is one version."""
    content = {key: value for key, value in document.items() if key != "created"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
