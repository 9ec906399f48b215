"""The loop: models that the shipped starter has never heard of are brought to it.

The starter's backbone has seen their photos to learn from, its head and memory have not
(tools.without_models); those that are asked about nobody has learned from. Whoever runs this sees
the figures with `-s`; docs/training.md has them.
"""

import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as site_settings
from django.core.management import call_command

from classifier.artefact import Artefact, artefact_only
from classifier.names import name_key
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestRow, manifest_read, manifest_write
from classifier.training.data.memory.remembered import memory_read
from classifier.training.data.split import settled, split_of
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.progress import Lines, Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.tools.without_models import without_models
from classifier.training.train import train
from marketplace.registry.services import version_promote, version_register
from marketplace.training.promotion.evidence import Needed
from marketplace.training.promotion.fitness import Latency, Parity, parity_measure
from marketplace.training.promotion.gates import gates_check
from marketplace.training.promotion.measurements import Measurements, Paired
from marketplace.training.promotion.scoring import VersionScores, paired, version_score
from marketplace.training.runs.request import PhotoSelection, RunRequest
from marketplace.training.runs.rows import attribute_classifier
from marketplace.training.runs.services import Retrained, retrain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SOURCES = ("stanford_cars", "advertisements")
WITHIN = 0.01
"""What old cars may lose."""
AS_TAUGHT = 0.06
"""Of new cars' photos, how many fewer may be named than by the shipped starter, which learned them
with all the others in a full training."""
ENOUGH = 60
"""Photos that a market brings of a model."""
SLOWER = 8
NOTHING_NEEDED = Needed(0, 0, 0, 0)


def named(one: ManifestRow) -> str:
    return name_key(f"{one.make} {one.model}")


@pytest.fixture(scope="module")
def starter() -> Artefact:
    return artefact_only(WEIGHTS / "classifier")


# What the starter remembers of photos stands for them: no photo is needed, and none is looked at.


class Market:
    """The starter's remembered photos as files that a training can be given."""

    def __init__(self, starter: Artefact, folder: Path) -> None:
        memory = memory_read(starter)
        assert memory is not None
        self.starter, self.memory, self.folder = starter, memory, folder
        self._scores: dict[str, VersionScores] = {}
        self.rows = [self._row(one) for one in memory.rows]
        recogniser = self.recogniser(starter)
        recogniser.keep(recogniser.digests([row.path for row in self.rows]), memory.sights())
        recogniser.close()
        of_model = Counter(named(row) for row in self.rows)
        held_out = Counter(named(row) for row in self.rows if split_of(row) != "train")
        known = {name_key(f"{one.make} {one.model}") for one in starter.spec.classes}
        self.models = sorted(
            (one for one in known if of_model[one] >= 30), key=lambda one: (of_model[one] < ENOUGH, -held_out[one], one)
        )
        """With 30 photos or more; first those with ENOUGH, and of these with the most held out."""

    def _row(self, row: ManifestRow) -> ManifestRow:
        path = self.folder / f"{row.path.name}.jpg"  # no picture: only its hash is asked for
        path.write_text(row.path.name)
        return settled(replace(row, path=path, year=""))

    def recogniser(self, artefact: Artefact) -> CachedRecogniser:
        return CachedRecogniser(artefact, memory=self.folder / "work", weights=WEIGHTS, cache_dir=self.folder / "ir")

    def without(self, models: Sequence[str]) -> Artefact:
        return without_models(self.starter, models, out=self.folder / "artefacts")

    def taught(self, champion: Artefact, models: Sequence[str]) -> Artefact:
        """The champion, by `quick`, with what the market has of some models."""
        return train(
            request=TrainingRequest(
                rows=[row for row in self.rows if named(row) in models], recipe=recipe_load("quick"), champion=champion
            ),
            context=TrainingContext(
                work_dir=self.folder / "work", weights=WEIGHTS, progress=Silent(), engine_cache=self.folder / "ir"
            ),
            out=self.folder / "artefacts",
        ).artefact  # fmt: skip

    def scores(self, artefact: Artefact) -> VersionScores:
        """On all test photos that the starter remembers."""
        if artefact.version not in self._scores:
            self._scores[artefact.version] = self._scored(artefact)
        return self._scores[artefact.version]

    def _scored(self, artefact: Artefact) -> VersionScores:
        asked = self.memory.of("test")
        recogniser = self.recogniser(artefact)
        try:
            return version_score(
                rows=[replace(row, year="") for row in asked.rows], recogniser=recogniser, progress=Silent(),
                answers=recogniser.answers(asked.sights()),
            )  # fmt: skip
        finally:
            recogniser.close()

    def compared(self, new: Artefact, old: Artefact, models: Sequence[str]) -> Paired:
        challenger, champion = self.scores(new), self.scores(old)
        return paired(challenger=challenger, champion=champion, needed=NOTHING_NEEDED, learned=len(models))

    def missed(self, one: Paired, new: Artefact, old: Artefact) -> list[str]:
        """Gates that are not passed, but for those of new labels and of this machine."""
        measured = Measurements(
            challenger=self.scores(new).metrics, champion=self.scores(old).metrics, paired=one,
            parity=Parity(100, 0, 0.0), latency=Latency(30, 50.0, 50.0),
        )  # fmt: skip
        return [gate.name for gate in gates_check(measured=measured, budget_ms=100) if not gate.passed]


@pytest.fixture(scope="module")
def remembered(starter, tmp_path_factory) -> Market:
    return Market(starter, tmp_path_factory.mktemp("remembered"))


@pytest.mark.parametrize(("count", "draws"), [(1, 6), (6, 5), (20, 3)])
def test_new_models_are_named_nearly_as_by_a_full_training_and_old_ones_stay(remembered, db, count, draws):
    choice = random.Random(count)
    some = [remembered.models[:count], *(choice.sample(remembered.models, count) for _ in range(draws - 1))]
    if count == 1:
        some = [[one] for one in remembered.models[:draws]]  # those with the most photos to ask about
    found, missed, asked, right, by_starter = [], [], 0, 0.0, 0.0
    for models in some:
        champion = remembered.without(models)
        taught = remembered.taught(champion, models)
        one = remembered.compared(taught, champion, models)
        missed.append(remembered.missed(one, taught, champion))
        whole = remembered.compared(remembered.starter, champion, models)
        assert one.old is not None
        assert whole.old is not None
        photos = one.new.evidence.photos
        asked += photos
        right += (one.new.right or 0) * photos
        by_starter += (whole.new.right or 0) * photos
        found.append((one, whole))
        print(f"\n{one.headline}; {one.new.right} of {photos} named; in the starter {whole.headline}")
        print(f"missed: {missed[-1]}", flush=True)

    def mean(name: str, at: int = 0) -> float:
        return float(np.mean([getattr(pair[at].old, name).value for pair in found]))

    wrong = [np.mean([getattr(pair[0], name).share_wrong for pair in found]) for name in ("champion_fills", "fills")]
    figures = {
        "new models at once": count, "draws": len(some), "test photos of them": asked, "named": right / asked,
        "by the starter": by_starter / asked,
        "old models": {name: mean(name) for name in ("top1", "make", "coverage")},
        "old models in the starter": {name: mean(name, 1) for name in ("top1", "make", "coverage")},
        "promoted": sum(not names for names in missed),
        "old, worst draw": min(pair[0].old.top1.value for pair in found),
        "wrong of what is filled in": {"before": float(wrong[0]), "after": float(wrong[1])},
    }  # fmt: skip
    print(json.dumps(figures, indent=1))
    assert right / asked >= by_starter / asked - AS_TAUGHT
    assert all(mean(name) >= -WITHIN for name in ("top1", "make"))
    assert wrong[1] <= wrong[0] + WITHIN


def test_a_market_that_grows_every_week_does_not_drift(remembered, db):
    models = remembered.models[:10]
    champion = first = remembered.without(models)
    before = memory_read(first)
    for week in range(5):
        new = models[2 * week : 2 * week + 2]
        champion = remembered.taught(champion, new)
        one = remembered.compared(champion, first, models[: 2 * week + 2])
        print(f"\nweek {week + 1}: {one.headline}; {one.new.right} of {one.new.evidence.photos} named", flush=True)
        assert one.old is not None
        assert one.old.top1.value >= -WITHIN
        assert one.old.make.value >= -WITHIN
    at_once = remembered.compared(remembered.taught(first, models), first, models)
    print(f"at once: {at_once.headline}; {at_once.new.right} named")
    assert at_once.old is not None
    assert one.old.top1.value >= at_once.old.top1.value - WITHIN
    after = memory_read(champion)
    assert before is not None
    assert after is not None
    kept = after.kept([photo.digest in {old.digest for old in before.photos} for photo in after.photos])
    assert np.array_equal(kept.packed.codes, before.packed.codes)


# The whole run, on real photos.


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


def mislabelled(photos: list[ManifestRow]) -> list[ManifestRow]:
    """30 % of the labels are those of another photo's car."""
    choice = random.Random(0)
    cars = [(row.make, row.model) for row in photos]

    def other(row: ManifestRow) -> ManifestRow:
        make, model = choice.choice([car for car in cars if car != (row.make, row.model)])
        return replace(row, make=make, model=model)

    return [other(row) if choice.random() < 0.3 else row for row in photos]


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
