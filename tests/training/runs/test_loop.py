"""The loop: models that the shipped starter has never heard of are brought to it.

The starter's backbone has seen their photos to learn from, its head and memory have not
(tools.without_models); those that are asked about nobody has learned from. What the starter
remembers of photos stands for them: none is needed, and none is looked at. Whoever runs this sees
the figures with `-s`; docs/training.md has them.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import Artefact, artefact_only
from classifier.names import name_key
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import SPLITS, ManifestRow
from classifier.training.data.memory.remembered import memory_read
from classifier.training.data.split import settled, split_of
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.evaluation.label_errors import suspects_rank
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.tools.without_models import without_models
from classifier.training.train import train
from marketplace.training.promotion.evidence import Needed
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.gates import MOST_CONTRADICTED, gates_check
from marketplace.training.promotion.measurements import Measurements, NewLabels, Paired
from marketplace.training.promotion.scoring import VersionScores, paired, version_score

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WITHIN = 0.01
"""What old cars may lose more than by a full training, which costs them something, too."""
AS_TAUGHT = 0.06
"""Of new cars' photos, how many fewer may be named than by the shipped starter, which learned them
with all the others in a full training."""
ENOUGH = 60
"""Photos that a market brings of a model."""
NOTHING_NEEDED = Needed(0, 0, 0, 0)


def named(one: ManifestRow) -> str:
    return name_key(f"{one.make} {one.model}")


@pytest.fixture(scope="module")
def starter() -> Artefact:
    return artefact_only(WEIGHTS / "classifier")


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
    assert all(mean(name) >= mean(name, 1) - WITHIN for name in ("top1", "make"))
    assert wrong[1] <= wrong[0] + WITHIN


def mislabelled(photos: list[ManifestRow]) -> list[ManifestRow]:
    """30 % of the labels are those of another photo's car."""
    choice = random.Random(0)
    cars = [(row.make, row.model) for row in photos]

    def other(row: ManifestRow) -> ManifestRow:
        make, model = choice.choice([car for car in cars if car != (row.make, row.model)])
        return replace(row, make=make, model=model)

    return [other(row) if choice.random() < 0.3 else row for row in photos]


@pytest.mark.parametrize("wrong", [False, True])
def test_a_manifest_with_many_wrong_labels_is_contradicted_by_its_photos(remembered, wrong):
    models = remembered.models[:6]
    rows = [row for row in remembered.rows if named(row) in models]
    ranking = suspects_rank(
        rows=mislabelled(rows) if wrong else rows, weights=WEIGHTS, base=remembered.without(models),
        work_dir=remembered.folder / "work", progress=Silent(), splits=SPLITS, engine_cache=remembered.folder / "ir",
    )  # fmt: skip
    found = NewLabels(judged=len(ranking.suspects), contradicted=len(ranking.contradicted))
    print(f"\nwrong labels: {wrong}, {found}, taken for wrong by cleanlab {len(ranking.issues)}", flush=True)
    assert (found.contradicted / found.judged > MOST_CONTRADICTED) == wrong
