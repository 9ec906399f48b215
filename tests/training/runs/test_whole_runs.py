"""Whole runs of the operator's one command on real photos, with the shipped starter.

The champion is the starter without some models (tools.without_models), and a folder brings their
photos: what is asked here of the gates, of what old models keep, and of the time a run takes.
"""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.core.management import call_command

from classifier.artefact import Artefact, artefact_only
from classifier.names import name_key
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestRow, manifest_read, manifest_write
from classifier.training.data.split import settled, split_of
from classifier.training.progress import Lines
from classifier.training.tools.without_models import without_models
from marketplace.registry.services import version_promote, version_register
from marketplace.training.promotion.fitness import parity_measure
from marketplace.training.runs.request import PhotoSelection, RunRequest
from marketplace.training.runs.rows import attribute_classifier
from marketplace.training.runs.services import Retrained, retrain
from tests.training.runs.market import Market, mislabelled, named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SOURCES = ("stanford_cars", "advertisements")
WITHIN = 0.01
"""What old cars may lose."""
SLOWER = 8


@pytest.fixture(scope="module")
def remembered(tmp_path_factory) -> Market:
    return Market(artefact_only(WEIGHTS / "classifier"), tmp_path_factory.mktemp("remembered"))


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """What was seen of photos, for all runs here."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def real_site(site, work, settings, monkeypatch, transactional_db):
    """The site's own recognisers in place of the fakes of these tests."""
    settings.RECOGNISER, settings.EVALUATION_RECOGNISER = (
        "classifier.recognise.Recogniser", "classifier.training.evaluation.cached_recogniser.CachedRecogniser",
    )  # fmt: skip
    settings.STARTER_WEIGHTS_DIR = WEIGHTS
    settings.ENGINE_CACHE_DIR = work / "ir"
    Path(settings.RUNS_DIR).mkdir(parents=True, exist_ok=True)
    (Path(settings.RUNS_DIR) / "work").symlink_to(work)
    monkeypatch.setattr("marketplace.training.runs.compare.parity_measure", parity_measure)
    monkeypatch.setattr("marketplace.training.runs.rows.attribute_classifier", attribute_classifier)
    return site


@pytest.fixture(scope="module")
def rows(car_photos) -> list[ManifestRow]:
    found = [row for source in SOURCES for row in manifest_read(car_photos / source)]
    return [settled(replace(row, year="")) for row in found if row.exterior and row.make and row.model]


@dataclass(frozen=True)
class Brought:
    """Some models in a market's folder, and a site whose champion does not know them."""

    manifest: Path
    champion: Artefact


@pytest.fixture
def bring(real_site, remembered, rows, tmp_path) -> Callable[..., Brought]:
    """`bring(6)`: the champion forgets six models; a folder has their photos."""

    def make(count: int, *, change: Callable[[list[ManifestRow]], list[ManifestRow]] | None = None) -> Brought:
        models = remembered.models[:count]
        champion = without_models(remembered.starter, models, out=site_settings.ARTEFACTS_DIR)
        version_promote(version=version_register(folder=champion.folder).version, by=None, reason="test")
        photos = [row for row in rows if named(row) in models]
        manifest = tmp_path / "market" / "manifest.csv"
        manifest_write(manifest, photos if change is None else change(photos))
        return Brought(manifest, champion)

    return make


def quick(*manifests: Path, **more) -> Retrained:
    photos = PhotoSelection(manifests=manifests, decisions=False)
    began = time.monotonic()
    done = retrain(request=RunRequest(photos=photos, recipe="quick", **more), by=None, progress=Lines())
    print(f"\n{done.run.photos} photos, {time.monotonic() - began:.0f} s\n{said(done)}", flush=True)
    return done


def said(done: Retrained) -> str:
    lines = [
        f"{gate.state:9s} {gate.name} {gate.value:.4f} (limit {gate.limit:.4f}): {gate.text}" for gate in done.gates
    ]
    return "\n".join([done.run.metrics["headline"], *lines])


def test_six_new_models_are_promoted_and_old_ones_stay(bring):
    done = quick(bring(6).manifest)
    assert done.run.promoted, said(done)
    old = done.run.metrics["old"]
    assert done.run.metrics["new"]["learned"] == 6
    assert all(old[name]["value"] >= -WITHIN for name in ("top1", "make"))


def test_a_manifest_with_many_wrong_labels_is_kept_out(bring):
    done = quick(bring(6, change=mislabelled).manifest)
    assert not done.run.promoted
    assert "new_labels" in {gate.name for gate in done.gates if not gate.passed}


def test_photos_of_one_source_teach_nothing_that_costs_the_others(bring, rows, tmp_path):
    """Photos of one source, all of models that the champion knows, are no reason to promote."""
    brought = bring(1)
    known = {name_key(f"{one.make} {one.model}") for one in brought.champion.spec.classes}
    one = [row for row in rows if row.source == "stanford_cars" and named(row) in known and split_of(row) == "train"]
    manifest_write(tmp_path / "one" / "manifest.csv", [
        replace(row, vehicle=f"again {row.vehicle}", split="train") for row in one[:600]
    ])  # fmt: skip
    done = quick(tmp_path / "one" / "manifest.csv")
    assert not done.run.promoted, said(done)


def test_quick_takes_no_more_than_eight_times_as_long_as_a_look_at_the_same_photos(bring, settings):
    """600 new photos; only the conversion of networks for this machine is there already."""
    brought = bring(20, change=lambda photos: photos[:600])
    (Path(settings.RUNS_DIR) / "work").unlink()  # what other runs saw
    photos = [str(row.path) for row in manifest_read(brought.manifest)]
    call_command("classify", photos[0], "--json", stdout=io.StringIO())
    began = time.monotonic()
    call_command("classify", *photos, "--json", stdout=io.StringIO())
    look = time.monotonic() - began
    began = time.monotonic()
    quick(brought.manifest)
    took = time.monotonic() - began
    print(f"\n{len(photos)} photos: classify {look:.0f} s, quick {took:.0f} s, {took / look:.1f} times as long")
    assert took <= SLOWER * look
