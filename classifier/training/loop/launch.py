"""What torchrun says of this process, in its environment. Free of torch, so that a command may ask first."""

import os


def rank() -> int:
    """This process's number among those of its training; 0 is the first one, and the only one without torchrun."""
    return _count("RANK", 0)


def processes() -> int:
    """How many processes train together."""
    return _count("WORLD_SIZE", 1)


def local_rank() -> int:
    """This process's number on its machine: which of the GPUs is its own."""
    return _count("LOCAL_RANK", 0)


def _count(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else otherwise
