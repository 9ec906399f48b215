"""manage.py benchmark: what it measures, and how it checks limits."""

import pytest
import torch

from marketplace.operations.benchmark import limits, measure
from marketplace.registry.services import version_promote, version_register
from tests.classifier.conftest import constant_attributes, random_detector, tiny_classifier
from tests.training.fakes import photo_write

FIGURES = {
    "photos": int, "recognised": int, "engine": str, "machine": dict, "baseline_per_s": float, "pipeline_per_s": float,
    "ratio": float, "stage_limit_per_s": float, "of_limit": float, "stages": dict, "one_photo_ms": dict,
    "cold_start_s": float, "worker_rss_mb": float, "worker_imports_torch": bool,
}  # fmt: skip
FOUND = {
    "photos": 2, "recognised": 2, "engine": "openvino", "machine": {"cores": 2, "processor": "Abacus"},
    "baseline_per_s": 5.0, "pipeline_per_s": 50.0, "ratio": 10.0, "stage_limit_per_s": 62.5, "of_limit": 0.8,
    "stages": {"decode": 400.0, "detect": 100.0, "usable": 500.0, "classify": 500.0},
    "one_photo_ms": {"p50": 40.0, "p95": 60.0, "photos": 2}, "cold_start_s": 3.0, "worker_rss_mb": 500.0,
    "worker_imports_torch": False,
}  # fmt: skip


@pytest.fixture
def tiny_site(db, settings, tmp_path, monkeypatch):
    """Real networks with random weights. The worker's process opens a fake recogniser."""
    settings.RECOGNISER = "classifier.recognise.Recogniser"
    random_detector(settings.STARTER_WEIGHTS_DIR / "detector", confidence=0)
    constant_attributes(settings.STARTER_WEIGHTS_DIR / "usable", "exterior")
    version_promote(
        version=version_register(folder=tiny_classifier(settings.ARTEFACTS_DIR).folder).version, by=None, reason="test"
    )
    monkeypatch.setattr(measure, "ROUNDS", 1)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.operations.benchmark.benchmark_settings")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads would wait for each other
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def folder(tmp_path):
    for mark, colour in enumerate(("red", "blue")):
        photo_write(tmp_path / "photos" / f"{colour}.jpg", colour, mark=mark)
    return tmp_path / "photos"


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr("marketplace.operations.management.commands.benchmark.benchmark", lambda **_: FOUND)


@pytest.mark.long
def test_it_measures_everything(manage, tiny_site, folder):
    ran = manage("benchmark", folder, "--engine", "torch", "--device", "cpu", "--json")
    assert ran.code == 0, ran.err
    found = ran.document
    assert {name: type(figure) for name, figure in found.items()} == FIGURES
    assert (found["photos"], found["recognised"], found["engine"]) == (2, 2, "torch-cpu")
    assert found["machine"]["cores"] > 0
    assert set(found["stages"]) == {"decode", "detect", "usable", "classify"}
    assert 0 < found["one_photo_ms"]["p50"] <= found["one_photo_ms"]["p95"]
    assert found["one_photo_ms"]["photos"] == 2
    assert found["cold_start_s"] > 0
    assert found["worker_rss_mb"] > 50
    assert not found["worker_imports_torch"]


def test_people_see_each_figure_beside_its_limit(manage, champion, folder, measured, monkeypatch):
    monkeypatch.setattr(limits, "WORKER_RSS_MB", 400)
    ran = manage("benchmark", folder)
    assert ran.code == 0
    assert "openvino on 2 cores: Abacus" in ran.out
    assert "One photo alone, p50         40 ms   limit 120 ms: kept" in ran.out
    assert "Worker's memory             500 MB   limit 400 MB: MISSED" in ran.out


def test_check_fails_with_a_line_for_each_missed_limit(manage, champion, folder, measured, monkeypatch):
    assert manage("benchmark", folder, "--check").code == 0
    monkeypatch.setattr(limits, "ONE_PHOTO_P50_MS", 0)
    monkeypatch.setattr(limits, "COLD_START_S", 0)
    ran = manage("benchmark", folder, "--check", "--json")
    assert ran.code == 1
    assert ran.document == FOUND
    alone, start = ran.err.splitlines()
    assert alone.endswith("One photo alone, p50: 40 ms, the limit is 0 ms.")
    assert start.endswith("Worker's cold start: 3.0 s, the limit is 0 s.")


def test_only_a_worker_on_openvino_must_be_small_and_without_torch():
    checks = limits.checks({**FOUND, "engine": "torch-cuda", "worker_imports_torch": True})
    assert [one.what for one in checks] == ["One photo alone, p50", "Worker's cold start"]


def test_a_photo_that_cannot_be_read_is_named(manage, champion, folder):
    (folder / "white.jpg").write_bytes(b"no photo")
    ran = manage("benchmark", folder, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert f"{folder / 'white.jpg'}: not a photo" in ran.line
