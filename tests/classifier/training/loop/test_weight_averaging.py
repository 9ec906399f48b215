"""Held-out photos choose a point on the line from initial to final weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.artefact import Preprocessing
from classifier.engines.networks import classification_network
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import manifest_read
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.loop.weight_averaging import weights_averaged, weights_interpolated
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train
from tests.classifier.training.pictures import picture, picture_row

TINY = "test_efficientnet"


class Heard(Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def dark_and_bright(photos=24):
    labels = np.arange(photos) % 2
    pixels = np.random.default_rng(0).integers(0, 120, (photos, 32, 32, 3), dtype=np.uint8)
    pixels[labels == 1] += 100
    return CropSet(pixels, np.arange(photos), labels.astype(np.int64), Preprocessing(32))


@pytest.fixture
def network():
    torch.manual_seed(3)
    return classification_network(TINY, outputs=2, hidden=(), dropout=0.0).eval()


def answering(network, *, bias):
    """A state that answers by brightness (bias > 0), by its opposite (< 0), or by neither (0)."""
    images = torch.stack([image for image, _ in dark_and_bright()])
    with torch.inference_mode():
        features = network.forward_head(network.forward_features(images), pre_logits=True)
        apart = features[1::2].mean(0) - features[::2].mean(0)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    state["classifier.weight"] = torch.stack([-apart, apart]) * bias
    middle = features.mean(0)
    state["classifier.bias"] = -(state["classifier.weight"] @ middle)
    return state


def chosen(network, start, end, val=None):
    heard = Heard()
    val = dark_and_bright() if val is None else val
    state, share = weights_averaged(
        network, start=start, end=end, val=val, weights=np.ones(len(val)), batch=8, progress=heard
    )
    return state, share, heard.said


def test_it_is_linear_in_weights_and_statistics_and_leaves_counters_whole(network):
    start = network.state_dict()
    end = {name: value + 2 if value.is_floating_point() else value + 7 for name, value in start.items()}
    middle = weights_interpolated(start, end, 0.25)
    for name, value in start.items():
        assert torch.allclose(middle[name].float(), value.float() + (0.5 if value.is_floating_point() else 7))
    assert any(not value.is_floating_point() for value in start.values())


def test_what_a_training_lost_is_taken_from_where_it_started(network):
    good, bad = answering(network, bias=1.0), answering(network, bias=-1.0)
    state, share, said = chosen(network, start=good, end=bad)
    assert share < 0.5
    assert "taken: 0" in said[0]
    network.load_state_dict(state)
    images, labels = zip(*dark_and_bright(), strict=True)
    assert (network(torch.stack(images)).argmax(1).tolist()) == [int(label) for label in labels]
    assert chosen(network, start=bad, end=good)[1] > 0.5


def test_where_nothing_tells_them_apart_the_end_stands(network):
    state = answering(network, bias=0.0)
    assert chosen(network, start=state, end=state)[1] == 1.0
    none = CropSet(np.zeros((0, 32, 32, 3), np.uint8), np.arange(0), np.arange(0), Preprocessing(32))
    assert chosen(network, start=answering(network, bias=1.0), end=state, val=none)[:2] == (state, 1.0)


def test_a_training_keeps_the_share_it_took_and_takes_it_from_a_checkpoint_that_was_made_without(
    tmp_path, shipped_converted
):
    folder = tmp_path / "cars"
    for number in range(24):
        side = "train" if number < 16 else "val"
        picture_row(folder / f"{number}.jpg", picture(number % 2), split=side)
    lines = ["file,make,model,vehicle,split"]
    lines += [f"{n}.jpg,BMW,X{3 + n % 2},car-{n},{'train' if n < 16 else 'val'}" for n in range(24)]
    (folder / "manifest.csv").write_text("\n".join(lines))
    rows = manifest_read(folder)

    def trained(weights, **more):
        recipe = replace(
            recipe_load("default"), name="tiny", backbone=TINY, input_sizes=(32,), batch=8,
            min_photos_per_class=2, **more,
        )  # fmt: skip
        done = train(
            request=TrainingRequest(rows=rows, recipe=recipe, epochs=2, resume=True),
            context=TrainingContext(
                work_dir=tmp_path / "work", weights=weights, progress=Silent(), engine_cache=shipped_converted
            ),
            out=tmp_path / "out",
            report=False,
        )
        return done.artefact

    def written():
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("tiny-*/checkpoint.pt")}

    base = trained(WEIGHTS, start="nothing")
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "detector").symlink_to(WEIGHTS / "detector")
    (weights / "usable").symlink_to(WEIGHTS / "usable")
    (weights / "classifier").mkdir()
    (weights / "classifier" / base.version).symlink_to(base.folder)
    end = trained(weights, start="starter")
    before = written()
    taken = trained(weights, start="starter", average_with_start=True)
    assert written() == before  # nothing was learned again
    share = taken.spec.metrics["share_learned"]
    wanted = weights_interpolated(base.state_dict(), end.state_dict(), share)
    for name, value in taken.state_dict().items():
        assert torch.allclose(value.float(), wanted[name].float(), atol=2e-3), name
    assert "share_learned" not in end.spec.metrics
