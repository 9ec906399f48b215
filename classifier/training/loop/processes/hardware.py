"""The machine a training runs on: mixed precision, loader processes, memory."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

import torch

MANY_PHOTOS = 1000
"""From this many photos on, worker processes prepare the pictures."""
MOST_LOADERS = 16
"""A GPU of 2026 trains on some 3,000 pictures a second, and a core prepares some 200."""
LOADER_BYTES = 256 * 2**20
"""Shared memory that a loader's batches need; containers often have 64 MB in all."""
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of mallopt, from malloc.h."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps what processes share
_CPU_FACTS = Path("/proc/cpuinfo")


def bf16_pays(device: torch.device) -> bool:
    """Whether mixed precision is faster: on GPUs, and on CPUs with bfloat16 instructions.

    Other CPUs emulate bfloat16, also those with AVX-512 but neither AMX nor AVX512-BF16, and are
    much slower with it than in float32.
    """
    if device.type != "cpu":
        return True
    if not _CPU_FACTS.is_file():
        return False
    flags = _CPU_FACTS.read_text().split()
    return "amx_bf16" in flags or "avx512_bf16" in flags


def loaders_for(photos: int) -> int:
    """The number of worker processes that prepare this many pictures.

    A training on the CPU leaves room for one. On GPUs each training process (torchrun) gets its
    share of the cores.
    """
    if photos < MANY_PHOTOS:
        return 0
    if not torch.cuda.is_available():
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    room = shutil.disk_usage(_SHARED_MEMORY).free // LOADER_BYTES if _SHARED_MEMORY.is_dir() else MOST_LOADERS
    return max(1, min(MOST_LOADERS, room, cores // torch.cuda.device_count() - 1))


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next step; without glibc it does nothing.

    A batch's activations are large and have the same sizes in every step. glibc would return them
    to the system each time, and a CPU training would spend much of its time on page faults.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "gnu_get_libc_version"):
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_TOP_PAD, 2**28)
