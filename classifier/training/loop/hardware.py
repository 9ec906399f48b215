"""What a training asks of the machine it runs on."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import torch

MANY_PHOTOS = 1000
"""From so many on processes of their own prepare the pictures."""
MOST_LOADERS = 8
"""More would need more shared memory for the batches on their way than a container has."""
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""mallopt's names, from malloc.h."""
_CPU_FACTS = Path("/proc/cpuinfo")


def bf16_pays(device: torch.device) -> bool:
    """Whether mixed precision is faster there: on GPUs, and on CPUs that multiply bfloat16 themselves.

    Others, those with AVX-512 but neither AMX nor AVX512-BF16 among them, emulate it and are much
    slower than in float32.
    """
    if device.type != "cpu":
        return True
    if not _CPU_FACTS.is_file():
        return False
    flags = _CPU_FACTS.read_text().split()
    return "amx_bf16" in flags or "avx512_bf16" in flags


def loaders_for(photos: int) -> int:
    """How many processes prepare so many pictures beside a training.

    A CPU that trains has cores to spare for one; a GPU takes what several can give. Each GPU has a process of its own
    (torchrun), which gets its share of the cores.
    """
    if photos < MANY_PHOTOS:
        return 0
    if not torch.cuda.is_available():
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST_LOADERS, cores // torch.cuda.device_count() - 1))


def keep_freed_memory() -> None:
    """Let glibc keep what a step frees for the next one, in place of handing it back page by page; elsewhere nothing.

    The activations of a batch are large and of the same sizes at every step: without this a CPU training spends a
    good part of its time on page faults.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "gnu_get_libc_version"):
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_TOP_PAD, 2**28)
