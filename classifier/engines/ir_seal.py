"""The seal on a converted network: its files are as they were written, and of this artefact.

Apart from the engine, so that whoever only looks does not load OpenVINO.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

IR_FILES = ("model.xml", "model.bin")
SEAL = "seal.json"  # what each IR file holds, and whose: a damaged or swapped cache is noticed and made again


def _contents(folder: Path) -> dict[str, str]:
    """The sha256 of each file, and the folder's name: another network renamed is not this one."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in IR_FILES}
    return {"folder": folder.name, **digests}


def ir_seal(folder: Path) -> None:
    """Seal a folder that was just filled. Raises OSError."""
    for name in IR_FILES:
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    (folder / SEAL).write_text(json.dumps(_contents(folder)))


def ir_is_whole(folder: Path) -> bool:
    """Whether it is complete, and as it was sealed under this name."""
    try:
        return bool(json.loads((folder / SEAL).read_text()) == _contents(folder))
    except (OSError, ValueError):
        return False


def irs_damaged(cache_dir: Path) -> list[str]:
    """The converted networks here that are not as they were written; they are made again on use."""
    folders = sorted(path for path in cache_dir.glob("*-ov*") if path.is_dir() and not path.name.startswith("."))
    return [folder.name for folder in folders if not ir_is_whole(folder)]


def irs_underway(cache_dir: Path) -> int:
    """How many networks the conversion that is under way here has written so far."""
    return len(list(cache_dir.glob(f".ir-*/*/{IR_FILES[1]}")))
