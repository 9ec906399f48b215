"""A training that is killed and resumed several times ends like an uninterrupted one."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from classifier.artefact import artefact_only

EPOCHS = 25
ALL_ON = (
    f"epochs={EPOCHS}", "ema_decay=0.9", "unfreeze_every=2", "mixup=0.2", "accumulate=2", "head_hidden=[16]",
    "sampling=balanced", "rotation=10",
)  # fmt: skip
TINY = "test_efficientnet"
ROOT = Path(__file__).resolve().parents[4]


def child(mode, folder, *settings, **environment):
    command = [sys.executable, "-m", "tests.classifier.training.child", mode, folder, *settings]
    given = {**os.environ, "STEP_SECONDS": "0.05", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", **environment}
    return subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    _, errors = process.communicate(timeout=600)
    return process.returncode, errors


@pytest.fixture
def folder(tmp_path, weights_of, monkeypatch):
    torch.manual_seed(1)
    save_file(timm.create_model(TINY).state_dict(), tmp_path / f"{TINY}.safetensors")
    monkeypatch.setenv("FORECOURT_BACKBONES", str(tmp_path))
    numbers = random.Random(3)
    cars = tmp_path / "whole" / "cars"
    cars.mkdir(parents=True)
    lines = ["file,make,model,vehicle,split"]
    for number in range(40):
        colour = (200, 30, 30) if number % 2 else (30, 30, 200)
        mixed = tuple(a + numbers.randrange(-30, 55) for a in colour)
        Image.new("RGB", (64, 48), mixed).save(cars / f"{number}.jpg")
        lines.append(f"{number}.jpg,BMW,{'X5' if number % 2 else 'X3'},{number},{'train' if number < 24 else 'val'}")
    (cars / "manifest.csv").write_text("\n".join(lines))
    shutil.copytree(weights_of(), tmp_path / "whole" / "weights")
    return tmp_path


def result(mode, folder):
    """The weights, and the metrics without what a clock says."""
    if mode == "fit":
        weights, metrics = load_file(folder / "state.safetensors"), json.loads((folder / "history.json").read_text())
        history = metrics
    else:
        artefact = artefact_only(folder / "out")
        weights, metrics = artefact.state_dict(), json.loads((artefact.folder / "model.json").read_text())["metrics"]
        history = metrics["history"]
    for epoch in history:
        del epoch["images_per_s"]
    assert len(history) == EPOCHS
    return weights, metrics


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("mode", "learning"),
    [("fit", ("optimizer=sgd", "lr_head=0.05")), ("fit", ("optimizer=adamw",)), ("train", ("optimizer=adamw",))],
    ids=["sgd", "adamw", "whole training"],
)
def test_killed_five_times_it_ends_like_one_that_was_left_alone(folder, mode, learning):
    settings = (*ALL_ON, *learning)
    code, errors = ended(child(mode, folder / "whole", *settings))
    assert code == 0, errors
    for name in ("cars", "weights"):
        shutil.copytree(folder / "whole" / name, folder / "cut" / name)
    moments = random.Random(11)
    for number in range(5):
        in_write = number in (1, 3)
        dying = {"DIE_IN_WRITE": str(moments.randint(1, 4))} if in_write else {}
        process = child(mode, folder / "cut", *settings, **dying)
        if not in_write:
            assert process.stdout.readline().startswith("epoch"), process.stderr.read()
            time.sleep(moments.uniform(0, 1.0))
            process.kill()
        assert ended(process)[0] == -signal.SIGKILL
    last = child(mode, folder / "cut", *settings)
    begun = last.stdout.readline()
    assert begun.startswith("epoch"), last.stderr.read()
    assert 1 < int(begun.split()[1].split("/")[0]) < EPOCHS  # it went on from where it was
    code, errors = ended(last)
    assert code == 0, errors
    (weights, metrics), (whole_weights, whole_metrics) = (result(mode, folder / name) for name in ("cut", "whole"))
    assert metrics == whole_metrics
    assert all(torch.equal(value, whole_weights[name]) for name, value in weights.items())
    assert not list((folder / "cut").rglob(".checkpoint*"))  # nor any half of a checkpoint
