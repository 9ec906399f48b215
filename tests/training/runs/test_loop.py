"""The loop on real photos: models that the shipped starter has never heard of are brought to it.

The starter's backbone has seen them, its head and memory have not (tools.without_models). Whoever
runs this sees the figures with `-s`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.conf import settings as site_settings

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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SOURCES = ("stanford_cars", "advertisements")
NAMED = 0.85
WITHIN = 0.01


@pytest.fixture
def real_site(site, settings, monkeypatch, transactional_db):
    """The site's own recognisers in place of the fakes of these tests."""
    settings.RECOGNISER, settings.EVALUATION_RECOGNISER = (
        "classifier.recognise.Recogniser", "classifier.training.evaluation.cached_recogniser.CachedRecogniser",
    )  # fmt: skip
    settings.STARTER_WEIGHTS_DIR = WEIGHTS
    monkeypatch.setattr("marketplace.training.runs.compare.parity_measure", parity_measure)
    monkeypatch.setattr("marketplace.training.runs.rows.attribute_classifier", attribute_classifier)
    return site


@pytest.fixture(scope="module")
def rows(car_photos) -> dict[str, list[ManifestRow]]:
    """By model, exteriors; those with the most photos first."""
    found: dict[str, list[ManifestRow]] = {}
    for source in SOURCES:
        for row in manifest_read(car_photos / source):
            if row.exterior and row.make and row.model:
                found.setdefault(name_key(f"{row.make} {row.model}"), []).append(row)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


@dataclass(frozen=True)
class Brought:
    """Some models in a market's folder, and a site whose champion does not know them."""

    models: list[str]
    manifest: Path
    champion: Artefact
    asked: list[ManifestRow]
    """The test photos of the models."""


@pytest.fixture
def bring(real_site, rows, tmp_path) -> Callable[..., Brought]:
    """`bring(6)`: the champion forgets the six models with the most photos; a folder has them."""

    def make(
        count: int, *, name: str = "market", change: Callable[[ManifestRow], ManifestRow] | None = None
    ) -> Brought:
        known = {name_key(f"{one.make} {one.model}") for one in artefact_only(WEIGHTS / "classifier").spec.classes}
        models = [model for model in rows if model in known][:count]
        champion = without_models(artefact_only(WEIGHTS / "classifier"), models, out=site_settings.ARTEFACTS_DIR)
        version_promote(version=version_register(folder=champion.folder).version, by=None, reason="test")
        photos = [settled(replace(row, year="")) for model in models for row in rows[model]]
        manifest = market(tmp_path / name, photos if change is None else [change(row) for row in photos])
        return Brought(models, manifest, champion, [row for row in photos if split_of(row) == "test"])

    return make


def market(folder: Path, photos: list[ManifestRow]) -> Path:
    manifest_write(folder / "manifest.csv", photos)
    return folder / "manifest.csv"


def quick(*manifests: Path, **more) -> Retrained:
    photos = PhotoSelection(manifests=manifests, decisions=False)
    return retrain(request=RunRequest(photos=photos, recipe="quick", **more), by=None, progress=Lines())


def said(done: Retrained) -> str:
    lines = [
        f"{gate.state:9s} {gate.name} {gate.value:.4f} (limit {gate.limit:.4f}): {gate.text}" for gate in done.gates
    ]
    return "\n".join([done.run.metrics["headline"], *lines])


@pytest.mark.parametrize("count", [1, 6, 20])
def test_new_models_are_named_and_old_ones_stay(bring, count):
    brought = bring(count)
    began = time.monotonic()
    done = quick(brought.manifest)
    print(f"\n{count} models, {done.run.photos} photos, {time.monotonic() - began:.0f} s\n{said(done)}")
    print(json.dumps({"old": done.run.metrics["old"], "new": done.run.metrics["new"]}, indent=1))
    assert done.run.promoted, said(done)
    old, new = done.run.metrics["old"], done.run.metrics["new"]
    assert new["learned"] == count
    assert new["right"] >= NAMED
    assert all(old[name]["value"] >= -WITHIN for name in ("top1", "make", "coverage"))
