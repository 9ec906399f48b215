"""Extending a champion: new cars are learned, what it knew stays."""

import pytest
import timm
import torch

from classifier.artefact import ArtefactSpec, Preprocessing, TrainedClass, artefact_write
from classifier.engines.networks import build, classification_network
from classifier.training.data.labels import classes_extended
from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.head.incremental import (
    HOLDS,
    ReplayJob,
    head_copy,
    incremental_head_fit,
    incremental_network,
)
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
    nothing = FeatureSet(*empty(train.features.shape[1]))
    given = {"replayed": nothing, "replayed_val": nothing, **more}
    job = ReplayJob(network=network, train=train, val=val, recipe=recipe, epochs=recipe.epochs, **given)
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


@pytest.fixture
def market(champion):
    """What a champion of three cars remembers, and a new one that looks much like the second."""
    head = champion.state_dict()["classifier.weight"]
    random = torch.Generator().manual_seed(4)

    def seen(car, count, towards=0.0):
        of_car = head[car] / head[car].norm() * 6 + torch.randn(count, head.shape[1], generator=random) * 0.3
        of_car[:, 0] += towards
        return of_car

    def old(count):
        return FeatureSet(torch.cat([seen(car, count) for car in range(3)]), torch.arange(3).repeat_interleave(count))

    def new(count):
        return FeatureSet(seen(1, count, towards=1.5), torch.full((count,), 3))

    return old, new


def right(state, photos):
    answers = (photos.features @ state["classifier.weight"].T + state["classifier.bias"]).argmax(1)
    return (answers == photos.labels).float().mean().item()


def test_what_is_replayed_is_not_taken_by_a_new_car_that_looks_alike(champion, market):
    old, new = market
    train, val, test = new(60), new(30), (old(100), new(100))
    without = learned(incremental_network(champion, outputs=4), train, val)
    replayed = learned(incremental_network(champion, outputs=4), train, val, replayed=old(100), replayed_val=old(40))
    assert right(without.state, test[0]) < 0.75
    assert right(replayed.state, test[0]) > 0.97
    assert right(replayed.state, test[1]) > 0.6
    assert torch.equal(replayed.state["classifier.weight"][:3], champion.state_dict()["classifier.weight"])
    assert max(one["kept_top1"] for one in replayed.history) == 1.0


def test_with_too_few_held_out_photos_to_choose_it_still_keeps_what_is_remembered(champion, market):
    old, new = market
    done = learned(incremental_network(champion, outputs=4), new(60), new(3), replayed=old(100), replayed_val=old(40))
    assert right(done.state, old(100)) > 0.98
    assert right(done.state, new(100)) > 0.5


def test_a_car_that_lost_its_photos_unlearns_them(champion, market):
    old, new = market
    photos = new(40)  # the champion was taught that they show its second car
    network = incremental_network(champion, outputs=4)
    one, other = (
        learned(network, photos, new(30), replayed=old(60), replayed_val=old(40), unlearned=also) for also in ((), (1,))
    )
    before = champion.state_dict()["classifier.weight"]
    assert torch.equal(one.state["classifier.weight"][:3], before)
    assert not torch.equal(other.state["classifier.weight"][1], before[1])


def test_with_nothing_new_the_head_stays_as_it_is(champion, market):
    old, _ = market
    network = incremental_network(champion, outputs=3)
    nothing = FeatureSet(*empty(network.num_features))
    done = learned(network, nothing, nothing, replayed=old(20), replayed_val=old(20))
    assert torch.equal(done.state["classifier.weight"], champion.state_dict()["classifier.weight"])
    assert done.history == []
