"""The loop: models that the shipped starter has never heard of are brought to it.

The starter's backbone has seen their photos to learn from, its head and memory have not
(tools.without_models); those that are asked about nobody has learned from. What the starter
remembers of photos stands for them. Whoever runs this sees the figures with `-s`; docs/training.md
has them.
"""

import json
import random

import numpy as np
import pytest

from classifier.artefact import Artefact, artefact_only
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import SPLITS
from classifier.training.data.memory.remembered import memory_read
from classifier.training.evaluation.label_errors import suspects_rank
from classifier.training.progress import Silent
from marketplace.training.promotion.gates import MOST_CONTRADICTED
from marketplace.training.promotion.measurements import NewLabels
from tests.training.runs.market import Market, mislabelled, named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WITHIN = 0.01
"""What old cars may lose more than by a full training, which costs them something, too."""
AS_TAUGHT = 0.06
"""Of new cars' photos, how many fewer may be named than by the shipped starter, which learned them
with all the others in a full training."""


@pytest.fixture(scope="module")
def starter() -> Artefact:
    return artefact_only(WEIGHTS / "classifier")


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


def test_a_market_that_grows_every_week_does_not_drift(remembered, db):
    """Two models a week, for five weeks: no more is lost than by all ten at once."""
    models = remembered.models[:10]
    champion = first = remembered.without(models)
    before = memory_read(first)
    for week in range(5):
        champion = remembered.taught(champion, models[2 * week : 2 * week + 2])
        one = remembered.compared(champion, first, models[: 2 * week + 2])
        print(f"\nweek {week + 1}: {one.headline}; {one.new.right} of {one.new.evidence.photos} named", flush=True)
    at_once = remembered.compared(remembered.taught(first, models), first, models)
    print(f"at once: {at_once.headline}; {at_once.new.right} named")
    assert one.old is not None
    assert at_once.old is not None
    assert one.old.top1.value >= at_once.old.top1.value - WITHIN
    after = memory_read(champion)
    assert before is not None
    assert after is not None
    kept = after.kept([photo.digest in {old.digest for old in before.photos} for photo in after.photos])
    assert np.array_equal(kept.packed.codes, before.packed.codes)
