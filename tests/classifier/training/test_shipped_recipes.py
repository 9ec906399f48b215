"""The four systems that this one replaces, as recipes: each trains on a handful of photos.

Cut short by other values only (size, epochs, photos per class); random weights lie where ImageNet's
would.
"""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from classifier.artefact import artefact_open
from classifier.engines.openvino_engine import OpenVinoEngine
from classifier.fuse import log_softmax
from classifier.taxonomy import summarise
from classifier.training.data.manifest import manifest_read
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load, recipe_override
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train

pytestmark = pytest.mark.long

SHORT = ["epochs=1", "input_sizes=[64]", "batch=4", "min_photos_per_class=2"]


@pytest.fixture(scope="module")
def cars(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cars")
    lines = ["file,make,model,year,vehicle,split"]
    for number in range(12):
        make, colour = ("BMW", (200, 30, 30)) if number % 2 else ("Audi", (30, 30, 200))
        Image.new("RGB", (64 + number, 64), colour).save(folder / f"{number}.jpg")
        lines.append(f"{number}.jpg,{make},Model,{2010 + number % 2},car-{number},train")
    (folder / "manifest.csv").write_text("\n".join(lines))
    return manifest_read(folder)


@pytest.fixture(scope="module")
def trained(cars, tmp_path_factory, weights_of, ir_cache):
    """name → the artefact of that recipe. Photos are cut once for all."""
    folder = tmp_path_factory.mktemp("trainings")

    def run(name):
        recipe = recipe_override(recipe_load(name), SHORT)
        torch.manual_seed(1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FORECOURT_BACKBONES", str(folder))
            save_file(timm.create_model(recipe.backbone).state_dict(), folder / f"{recipe.backbone}.safetensors")
            done = train(
                request=TrainingRequest(rows=cars, recipe=recipe),
                context=TrainingContext(
                    work_dir=folder / "work", weights=weights_of(), progress=Silent(), engine_cache=ir_cache
                ),
                out=folder / "out",
            )
        return artefact_open(done.artefact.folder)

    return run


def check(artefact, engine):
    side = artefact.spec.preprocessing.input_size
    logits = engine.infer(np.zeros((2, 3, side, side), dtype=np.float32))
    assert logits.shape == (2, len(artefact.spec.classes))
    assert np.isfinite(logits).all()
    return summarise(np.exp(log_softmax(logits[0])), artefact.spec.classes)


def test_brazil_europe_and_brands_train_and_open_where_they_serve(trained, convert, ir_cache):
    artefacts = [trained(name) for name in ("brazil", "europe", "brands")]
    brazil, europe, brands = artefacts
    assert [one.spec.backbone for one in artefacts] == ["resnet50", "efficientnet_b1", "resnet50"]
    assert brazil.spec.recipe["optimizer"] == "sgd"
    assert [(one.make, one.years) for one in europe.spec.classes] == [("Audi", "2010"), ("BMW", "2011")]
    assert brands.spec.head_hidden == (2048, 1024)
    assert [(one.make, one.model, one.years) for one in brands.spec.classes] == [("Audi", "", ""), ("BMW", "", "")]
    convert(*artefacts)
    engines = OpenVinoEngine.open_all(artefacts, cache_dir=ir_cache)
    for artefact, engine in zip(artefacts, engines, strict=True):
        make, candidates = check(artefact, engine)
    assert make.name in ("Audi", "BMW")  # of brands: a make, and no candidate names a model
    assert {one.model for one in candidates} == {""}


def test_stanford_trains_and_opens_where_it_serves(trained, convert, ir_cache):
    artefact = trained("stanford")
    assert artefact.spec.backbone == "resnet152"
    convert(artefact)
    check(artefact, OpenVinoEngine.open(artefact, cache_dir=ir_cache))
