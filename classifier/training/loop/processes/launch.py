"""What torchrun sets in the environment. Without torch, so that commands may ask first."""

import os


def rank() -> int:
    """This process's number in its training; 0 is the first one, or the only one."""
    return _count("RANK", 0)


def processes() -> int:
    """The number of processes that train together."""
    return _count("WORLD_SIZE", 1)


def local_rank() -> int:
    """This process's number on its machine, which is the number of its GPU."""
    return _count("LOCAL_RANK", 0)


def _count(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else otherwise
