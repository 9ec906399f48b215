"""The search with real, tiny trainings on the train split, scored on val, without test photos."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import manifest_read
from classifier.training.loop.search.search import SearchError, space_parse
from classifier.training.loop.search.tune import tune
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest

RECIPE = replace(
    recipe_load("default"), name="tiny", backbone="test_efficientnet", start="nothing", input_sizes=(32,), epochs=2,
    batch=8, min_photos_per_class=2,
)  # fmt: skip


@pytest.fixture
def rows(tmp_path, shipped_converted):
    """Cars of two models in all three splits; reading a test photo fails, because there is none."""
    folder = tmp_path / "lot"
    folder.mkdir()
    lines = ["file,make,model,split"]
    for number in range(24):
        split = ("train", "train", "val", "test")[number % 4]
        pixels = np.random.default_rng(number).integers(0, 120, (48, 64, 3), dtype=np.uint8) + 100 * (number // 12)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        lines.append(f"{number}.png,Audi,{'A4' if number < 12 else 'TT'},{split}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    read = manifest_read(folder)
    for row in read:
        if row.split == "test":
            row.path.unlink()
    return read


def tuned(rows, tmp_path, *, trials, recipe=RECIPE):
    return tune(
        request=TrainingRequest(rows=rows, recipe=recipe),
        context=TrainingContext(
            work_dir=tmp_path / "work",
            weights=WEIGHTS,
            progress=Silent(),
            engine_cache=Path(settings.ENGINE_CACHE_DIR),
        ),
        space=space_parse(["lr_head=0.001:0.1", "erasing=0,0.1"], recipe),
        trials=trials,
    )


def test_it_searches_with_real_trainings_and_goes_on_with_its_study(rows, tmp_path):
    first = tuned(rows, tmp_path, trials=1)
    found = tuned(rows, tmp_path, trials=2)
    assert found.trials[0] == first.trials[0]
    assert [len(found.trials), found.trials[0].epochs] == [2, 2]
    assert found.base_top1 == first.top1
    assert found.top1 == max(one.top1 for one in found.trials if not one.pruned)
    assert list((tmp_path / "work" / "trials").iterdir()) == [], "no weights of trials are kept"


def test_it_refuses_a_recipe_that_trains_no_network(rows, tmp_path):
    with pytest.raises(SearchError, match="recipe 'quick' trains no network"):
        tuned(rows, tmp_path, trials=1, recipe=recipe_load("quick"))


def test_it_refuses_photos_without_a_val_side(rows, tmp_path):
    with pytest.raises(SearchError, match="no cars on the val side"):
        tuned([row for row in rows if row.split != "val"], tmp_path, trials=1)
