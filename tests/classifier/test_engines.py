import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier import engines
from classifier.artefact import ArtefactSpec, Preprocessing, artefact_open, artefact_write
from classifier.engines import EngineError, engine_choose, openvino_engine
from classifier.engines.ir_seal import ir_seal, irs_damaged
from classifier.engines.openvino_engine import OpenVinoEngine, irs_cached
from classifier.engines.torch_engine import TorchEngine
from tests.classifier.conftest import tiny_classifier

PARENT = """
import subprocess, sys
from pathlib import Path
from types import SimpleNamespace
from classifier.engines import openvino_engine

class Told(subprocess.Popen):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        print(self.pid, flush=True)

subprocess.Popen = Told
openvino_engine._export([(SimpleNamespace(folder=Path(sys.argv[1]), version="x"), Path(sys.argv[2]))])
"""


def batch(n: int, side: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, 3, side, side)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_both_engines_give_the_same_logits_for_any_batch_size(classifier, ir_cache, n):
    inputs = batch(n, 96)
    ours = OpenVinoEngine.open(classifier, cache_dir=ir_cache).infer(inputs)
    assert ours.shape == (n, 4)
    assert np.allclose(ours, TorchEngine.open(classifier, device="cpu").infer(inputs), atol=1e-3)


def test_a_head_with_hidden_layers_gives_the_same_logits_in_both(tmp_path):
    artefact = tiny_classifier(tmp_path, head_hidden=(24, 12))
    inputs = batch(3, 96)
    ours = OpenVinoEngine.open(artefact, cache_dir=None).infer(inputs)
    assert np.allclose(ours, TorchEngine.open(artefact, device="cpu").infer(inputs), atol=1e-3)
    assert artefact_open(artefact.folder).spec.head_hidden == (24, 12)


def test_both_engines_give_the_mean_of_a_picture_and_its_mirror_image(classifier, ir_cache):
    inputs = batch(6, 96)
    for engine in (OpenVinoEngine.open(classifier, cache_dir=ir_cache), TorchEngine.open(classifier, device="cpu")):
        plain, turned = engine.infer(inputs), engine.infer(np.ascontiguousarray(inputs[..., ::-1]))
        assert not np.allclose(plain, turned, atol=1e-3)
        assert np.allclose(engine.infer(inputs, mirrored=True), (plain + turned) / 2, atol=1e-4)


def test_a_photo_is_judged_alike_alone_and_in_company(classifier, ir_cache):
    engine, inputs = OpenVinoEngine.open(classifier, cache_dir=ir_cache), batch(5, 96)
    assert np.allclose(engine.infer(inputs)[3:4], engine.infer(inputs[3:4]), atol=1e-4)


def test_threads_do_not_mix_up_their_answers(classifier, ir_cache):
    engine, inputs = OpenVinoEngine.open(classifier, cache_dir=ir_cache), batch(8, 96)
    alone = [engine.infer(inputs[i : i + 1]) for i in range(8)]
    wrong = []

    def ask(i: int) -> None:
        wrong.extend(i for _ in range(20) if not np.allclose(engine.infer(inputs[i : i + 1]), alone[i], atol=1e-4))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


OPENED_AND_CLOSED = """
import os, signal, sys
from pathlib import Path
from classifier.engines.openvino_engine import OpenVinoEngine

first, second = (OpenVinoEngine(Path(sys.argv[1])) for _ in range(2))
del first
del second
signal.signal(signal.SIGUSR1, lambda *_: print("the handler ran"))
os.kill(os.getpid(), signal.SIGUSR1)
"""


def test_signals_find_their_stack_after_engines_were_closed_in_the_order_they_were_opened(classifier, ir_cache):
    """A worker that follows a new champion, and a training that cuts, learns and then measures, do
    just that."""
    ir = ir_cached(classifier, ir_cache)
    command = [sys.executable, "-c", OPENED_AND_CLOSED, str(ir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "the handler ran\n"), done.stderr


def ir_cached(artefact, cache_dir):
    return irs_cached([artefact], cache_dir)[0]


@pytest.fixture
def converted(classifier, ir_cache, monkeypatch):
    """Spare the cache's tests the child process: its work is done once and copied. Counts how often
    it was asked."""
    made = ir_cached(classifier, ir_cache)
    asked = []

    def copy(wanted):
        asked.append([artefact.version for artefact, _ in wanted])
        time.sleep(0.05)  # as the child does, leave others time to get in the way
        for _, out in wanted:
            out.mkdir()
            for name in ("model.xml", "model.bin"):
                shutil.copy(made / name, out / name)

    monkeypatch.setattr(openvino_engine, "_export", copy)
    return asked


@pytest.mark.parametrize("damage", ["model.bin", "model.xml", "seal.json"])
def test_a_damaged_cache_is_made_again(tmp_path, classifier, converted, damage):
    folder = ir_cached(classifier, tmp_path)
    content = (folder / damage).read_bytes()
    (folder / damage).write_bytes(content[: len(content) // 2])
    assert ir_cached(classifier, tmp_path) == folder
    assert (folder / damage).read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]  # nothing is left lying about
    assert len(converted) == 2


def test_another_networks_cache_under_this_ones_name_is_made_again(tmp_path, classifier, converted):
    folder = ir_cached(classifier, tmp_path)
    other = folder.with_name("other-00000000-ov1")
    folder.rename(other)
    ir_seal(other)  # whole, and of another network
    other.rename(folder)
    assert irs_damaged(tmp_path) == [folder.name]
    ir_cached(classifier, tmp_path)
    assert irs_damaged(tmp_path) == []
    assert len(converted) == 2


def test_the_child_that_converts_ends_with_its_parent(tmp_path, classifier):
    """Otherwise it goes on for minutes beside the site that is started again."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(classifier.folder), str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()


def test_a_good_cache_is_used_without_converting_again(tmp_path, classifier, converted):
    ir_cached(classifier, tmp_path)
    OpenVinoEngine.open(classifier, cache_dir=tmp_path)
    assert len(converted) == 1


def test_one_child_converts_all_that_is_missing(tmp_path, classifier, converted):
    others = [replace(classifier, folder=classifier.folder.with_name(name)) for name in ("detector-1", "usable-2")]
    irs_cached([classifier], tmp_path)
    folders = irs_cached([others[0], classifier, others[1]], tmp_path)
    assert converted == [[classifier.version], ["detector-1", "usable-2"]]
    assert [folder.name.rpartition("-ov")[0] for folder in folders] == ["detector-1", classifier.version, "usable-2"]
    assert sorted(tmp_path.iterdir()) == sorted(folders)


@pytest.mark.parametrize("damaged", [False, True])
def test_many_may_fill_the_cache_at_once(tmp_path, classifier, converted, damaged):
    if damaged:
        (ir_cached(classifier, tmp_path) / "model.bin").write_bytes(b"")
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(ir_cached(classifier, tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 8
    assert [p.name for p in tmp_path.iterdir()] == [folders[0].name]
    OpenVinoEngine(folders[0])


def test_weights_of_another_backbone_are_one_clear_line(tmp_path):
    spec = ArtefactSpec(
        task="usable", backbone="test_efficientnet", preprocessing=Preprocessing(input_size=64), labels=("a", "b")
    )
    artefact = artefact_write(parent=tmp_path, name="odd", spec=spec, state_dict={"nothing": torch.zeros(1)})
    for open_it in (lambda: OpenVinoEngine.open(artefact, cache_dir=tmp_path), lambda: TorchEngine.open(artefact)):
        with pytest.raises(EngineError, match="do not fit backbone") as error:
            open_it()
        assert "\n" not in str(error.value)


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path, classifier):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match="cannot write the model cache"):
        OpenVinoEngine.open(classifier, cache_dir=tmp_path / "file" / "cache")


def test_auto_is_openvino_where_no_nvidia_driver_is(monkeypatch):
    monkeypatch.setattr(engines, "NVIDIA_DRIVER_FILES", (Path("/nowhere"),))
    assert engine_choose("auto", "auto") == ("openvino", "cpu")
    assert engine_choose("auto", "cuda") == ("torch", "cuda")
    assert engine_choose("torch", "auto") == ("torch", "cpu")


def test_auto_is_cuda_where_torch_finds_one(monkeypatch, tmp_path):
    monkeypatch.setattr(engines, "NVIDIA_DRIVER_FILES", (tmp_path,))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert engine_choose("auto", "auto") == ("torch", "cuda")
    assert engine_choose("auto", "cpu") == ("openvino", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert engine_choose("auto", "auto") == ("openvino", "cpu")


@pytest.mark.parametrize(("engine", "device"), [("tensorflow", "auto"), ("auto", "tpu"), ("openvino", "cuda")])
def test_what_is_not_to_be_had_is_said_clearly(engine, device):
    with pytest.raises(EngineError):
        engine_choose(engine, device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
def test_cuda_asked_for_by_name_without_a_gpu_is_an_error(classifier):
    with pytest.raises(EngineError, match="no CUDA GPU"):
        TorchEngine.open(classifier, device="cuda")


@pytest.mark.cuda
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: make test-cuda")
def test_half_precision_on_cuda_agrees_with_the_cpu(tmp_path, mirrored):
    artefact, inputs = tiny_classifier(tmp_path), batch(200, 96)  # two of its batches, the second one filled up
    cpu, cuda = (
        TorchEngine.open(artefact, device=device).infer(inputs, mirrored=mirrored) for device in ("cpu", "cuda")
    )
    assert (cpu.argmax(1) == cuda.argmax(1)).mean() >= 0.99
    assert np.allclose(cpu, cuda, atol=0.05)
