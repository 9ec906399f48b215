"""Extending a champion: new cars are learned, what it knew stays."""

import pytest
import timm
import torch

from classifier.artefact import ArtefactSpec, Preprocessing, TrainedClass, artefact_write
from classifier.engines.networks import build, classification_network
from classifier.training.data.labels import classes_extended
from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.head.incremental import HOLDS, head_copy, incremental_head_fit, incremental_network
from classifier.training.loop.head.linear_probe import HeadJob
from classifier.training.model.features import FeatureSet
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load

TINY = "test_efficientnet"
KNOWN = (TrainedClass("Audi", "A3"), TrainedClass("Audi", "A4"), TrainedClass("BMW", "X5", "2012"))


@pytest.fixture
def champion(tmp_path):
    torch.manual_seed(0)
    spec = ArtefactSpec(task="classifier", backbone=TINY, preprocessing=Preprocessing(32), classes=KNOWN)
    network = timm.create_model(TINY, num_classes=len(KNOWN))
    return artefact_write(parent=tmp_path, name="champion", spec=spec, state_dict=network.state_dict())


@pytest.fixture
def deep_champion(tmp_path):
    torch.manual_seed(0)
    spec = ArtefactSpec(
        task="classifier", backbone=TINY, preprocessing=Preprocessing(32), head_hidden=(16, 8), classes=KNOWN
    )
    network = classification_network(TINY, outputs=len(KNOWN), hidden=(16, 8))
    return artefact_write(parent=tmp_path, name="deep", spec=spec, state_dict=network.state_dict())


def photos(model, count, make="Audi"):
    return [ManifestRow(path=None, file=f"{n}.jpg", make=make, model=model, vehicle=str(n)) for n in range(count)]


def learned(network, train, val, **more):
    recipe = recipe_load("quick")
    job = HeadJob(network=network, train=train, val=val, recipe=recipe, epochs=recipe.epochs, **more)
    return incremental_head_fit(job, progress=Silent())


def test_new_cars_come_after_those_the_champion_knows_and_rare_ones_stay_out():
    rows = [*photos("a4", 5), *photos("Q2", 3), *photos("Q8", 1)]
    assert classes_extended(KNOWN, rows, min_photos=3) == (*KNOWN, TrainedClass("Audi", "Q2"))


def test_it_begins_with_the_champions_answers(champion):
    network = incremental_network(champion, outputs=4).eval()
    before = timm.create_model(TINY, num_classes=3)
    before.load_state_dict(champion.state_dict())
    images = torch.rand(5, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(images)[:, :3], before.eval()(images), atol=1e-5)


def test_of_a_head_with_hidden_layers_only_the_last_one_grows(deep_champion):
    network = incremental_network(deep_champion, outputs=4).eval()
    before = build(deep_champion)
    images = torch.rand(5, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(images)[:, :3], before(images), atol=1e-5)
        features = network_features(network)(images)
    assert features.shape == (5, 8)  # what the last layer sees
    train = FeatureSet(features, torch.tensor([3, 3, 3, 0, 0]))
    done = learned(network, train, FeatureSet(*empty(8)))
    changed = {name for name, value in done.state.items() if not torch.equal(value, network.state_dict()[name])}
    assert changed == {"classifier.last.weight"}


def network_features(network):
    extractor = classification_network(TINY, outputs=0, hidden=(16, 8))
    extractor.load_state_dict(network.state_dict(), strict=False)
    return extractor.eval()


def empty(width):
    return torch.zeros(0, width), torch.zeros(0, dtype=torch.int64)


def test_a_champion_of_makes_gets_makes():
    makes = (TrainedClass("Audi", ""), TrainedClass("BMW", ""))
    rows = [*photos("a4", 5), *photos("Clio", 3, make="Renault"), *photos("500", 1, make="Fiat")]
    assert classes_extended(makes, rows, min_photos=3) == (*makes, TrainedClass("Renault", ""))


def test_a_new_training_goes_on_with_what_the_head_knows_in_the_order_of_its_own_classes(champion):
    network = timm.create_model(TINY, num_classes=3)
    blank = network.classifier.weight.detach()[1].clone()
    classes = (TrainedClass("bmw", "x5", "2012"), TrainedClass("Fiat", "500"), TrainedClass("Audi", "A3"))
    assert head_copy(network, champion.state_dict(), of=champion.spec.classes, to=classes) == 2
    old = champion.state_dict()
    assert torch.equal(network.classifier.weight[0], old["classifier.weight"][2])
    assert torch.equal(network.classifier.bias[2], old["classifier.bias"][0])
    assert torch.equal(network.classifier.weight[1], blank)


def test_a_new_car_is_learned_and_classes_without_new_photos_keep_every_weight(champion):
    network = incremental_network(champion, outputs=4)
    width = network.num_features
    features = torch.randn(40, width) * 0.1
    features[:20, 0] += 3.0  # what the new car looks like
    labels = torch.cat([torch.full((20,), 3), torch.full((20,), 0)])
    train = FeatureSet(features[::2], labels[::2])
    val = FeatureSet(features[1::2], labels[1::2])
    done = learned(network, train, val)

    weight, bias = done.state["classifier.weight"], done.state["classifier.bias"]
    answers = (val.features @ weight.T + bias).argmax(1)
    assert (answers == val.labels)[val.labels == 3].all()
    old = champion.state_dict()
    assert torch.equal(weight[1:3], old["classifier.weight"][1:3])
    assert torch.equal(bias[:3], old["classifier.bias"])
    assert torch.equal(done.state["conv_stem.weight"], old["conv_stem.weight"])
    assert len(done.history) > 1
    hurried = learned(network, train, val, max_minutes=1e-9)
    assert [one["hold"] for one in hurried.history] == [HOLDS[0]]  # the best so far
