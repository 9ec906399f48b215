"""Several processes train as one: same batches, averaged gradients, and a lost one ends all."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from classifier.training.errors import TrainError
from classifier.training.loop.processes.distributed import Ranks, leading
from classifier.training.loop.state import CHECKPOINT

ROOT = Path(__file__).resolve().parents[5]
CHILD = ("-m", "tests.classifier.training.child", "fit")
# The backbone stays, in eval mode: then what a batch gives does not depend on how it is shared out.
HEAD_ONLY = ("unfreeze_every=1000", "dropout=0", "optimizer=sgd", "accumulate=2")


def start(*arguments, **environment):
    given = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    _, errors = process.communicate(timeout=250)
    return process.returncode, errors


def torchrun(processes, *arguments):
    return start("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes, *arguments)


def pair(*arguments, **environment):
    """Two processes without torchrun, which would end the one when the other dies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), **environment}
    return [start(*CHILD, *arguments, RANK=str(rank), LOCAL_RANK=str(rank), **shared) for rank in (0, 1)]


def history(folder):
    return json.loads((folder / "history.json").read_text())


def test_each_photo_of_a_batch_is_seen_by_one_process_and_all_do_as_many_steps():
    order = list(range(100, 123))
    parts = [Ranks(rank, 3).part_of(order, batch=6) for rank in range(3)]
    assert [len(part) for part in parts] == [6, 6, 6]
    for step in range(3):
        seen = [one for part in parts for one in part[step * 2 : step * 2 + 2]]
        assert seen == order[step * 6 : step * 6 + 6]
    assert Ranks().part_of(order, batch=6) == order[:18]


def test_a_batch_that_cannot_be_shared_out_is_refused_with_one_that_can():
    with pytest.raises(TrainError, match="64 photos cannot be shared out evenly among 3 processes: set batch=63"):
        Ranks(0, 3).share_of(64)


def test_one_process_of_torchrun_is_alone(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    with leading() as ranks:
        assert (ranks.size, ranks.first) == (1, True)


@pytest.mark.long
def test_two_processes_of_torchrun_give_what_one_gives(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    together = torchrun(2, *CHILD, tmp_path / "two", *HEAD_ONLY)
    code, errors = ended(together)
    assert code == 0, errors
    code, errors = ended(start(*CHILD, tmp_path / "one", *HEAD_ONLY))
    assert code == 0, errors
    one, two = (load_file(tmp_path / name / "state.safetensors") for name in ("one", "two"))
    assert all(torch.allclose(value, two[name], atol=2e-3) for name, value in one.items())
    for alone, shared in zip(history(tmp_path / "one"), history(tmp_path / "two"), strict=True):
        assert shared["loss"] == pytest.approx(alone["loss"], abs=5e-3)
        assert shared["accuracy"] == pytest.approx(alone["accuracy"], abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("gone", [0, 1])
def test_a_process_whose_fellow_is_killed_ends_with_one_line_and_the_training_goes_on_afterwards(tmp_path, gone):
    settings = (tmp_path, "epochs=6", "ema_decay=0.9", "mixup=0.2", "unfreeze_every=1")
    processes = pair(*settings, STEP_SECONDS="0.1")
    while not (tmp_path / CHECKPOINT).exists():
        assert processes[0].poll() is None, processes[0].stderr.read()
    processes[gone].send_signal(signal.SIGKILL)
    code, errors = ended(processes[1 - gone])
    assert code == 2, errors
    assert errors.strip().splitlines()[-1].startswith("another process of this training is gone")
    assert ended(processes[gone])[0] == -signal.SIGKILL
    for process in pair(*settings):
        code, errors = ended(process)
        assert code == 0, errors
    assert [one["epoch"] for one in history(tmp_path)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_a_time_limit_ends_all_of_them(tmp_path):
    for process in pair(tmp_path, "epochs=900", "max_minutes=0.1", "patience=0", STEP_SECONDS="0.02"):
        code, errors = ended(process)
        assert code == 0, errors
    assert 0 < len(history(tmp_path)) < 900
