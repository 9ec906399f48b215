"""A worker's process as `benchmark` measures it."""

from pathlib import Path

import pytest
from django.conf import settings as site_settings

from classifier.artefact import artefact_only
from marketplace.operations.benchmark.limits import WORKER_RSS_MB
from marketplace.operations.benchmark.request import BenchmarkRequest
from marketplace.operations.benchmark.worker import WorkerFailedError, worker_start
from tests.training.fakes import photo_write

STARTER = Path(site_settings.STARTER_WEIGHTS_DIR) / "classifier"


def test_a_worker_that_fails_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.operations.benchmark.benchmark_settings")
    photos = [photo_write(tmp_path / "red.jpg", "red")]
    with pytest.raises(WorkerFailedError) as failed:
        worker_start(
            request=BenchmarkRequest(photos=photos, classifier=tmp_path / "none", engine="auto", device="auto")
        )
    assert str(failed.value).startswith("The worker's process ended with 1: ")
    assert str(failed.value).endswith("none: model.json cannot be read")
    assert "\n" not in str(failed.value)


@pytest.mark.slow
def test_the_shipped_models_worker_stays_small_and_free_of_torch(tmp_path, shipped_photo):
    """Even at its first start, when it converts the networks."""
    request = BenchmarkRequest(
        photos=[shipped_photo] * 40, classifier=artefact_only(STARTER).folder, engine="openvino", device="cpu"
    )
    start = worker_start(request=request, cache_dir=tmp_path)
    assert not start.torch
    assert 100 < start.peak_mb <= WORKER_RSS_MB
