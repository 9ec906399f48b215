"""The colour classifier: prepared cars → colours."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from classifier.artefact import (
    NEVER,
    Artefact,
    ArtefactError,
    ArtefactSpec,
    Head,
    Preprocessing,
    artefact_only,
    artefact_write,
)
from classifier.colour import COLOUR_HEAD, COLOURS, EXACT, ColourClassifier, Rule
from classifier.engines.networks import build
from classifier.engines.openvino_engine import OpenVinoEngine
from classifier.engines.paint_network import PaintNetwork
from classifier.engines.torch_engine import TorchEngine
from classifier.paint import RULE, paint_statistics
from classifier.preprocess import Decoded, crop_car
from classifier.recognise import WEIGHTS

BOX = (40, 30, 240, 180)


def colour_artefact(parent, *, says="blue", threshold=0.9) -> Artefact:
    """A random network, and a rule that says this colour of every car."""
    torch.manual_seed(0)
    network = PaintNetwork("test_efficientnet")
    car = Image.new("RGB", (8, 8))
    width = len(paint_statistics(car, car, (0, 0, 1, 1))) + network.features
    rule = Rule(
        hidden=np.zeros((2, width), dtype=np.float32),
        hidden_bias=np.ones(2, dtype=np.float32),
        last=np.zeros((len(COLOURS), 2), dtype=np.float32),
        last_bias=np.asarray([4.0 if name == says else 0.0 for name in COLOURS], dtype=np.float32),
    )
    spec = ArtefactSpec(
        task="colour",
        backbone="test_efficientnet",
        preprocessing=Preprocessing(input_size=64),
        heads=(Head(COLOUR_HEAD, COLOURS, temperature=2.0, threshold=threshold),),
    )
    tensors = {RULE + name: torch.from_numpy(values) for name, values in vars(rule).items()}
    return artefact_write(parent=parent, name="paint", spec=spec, state_dict={**network.state_dict(), **tensors})


@pytest.fixture(scope="module")
def artefact(tmp_path_factory):
    return colour_artefact(tmp_path_factory.mktemp("colour"))


@pytest.fixture(scope="module")
def classifier(artefact):
    return ColourClassifier(TorchEngine.open(artefact), artefact)


@pytest.fixture
def decoded():
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    return Decoded(Image.fromarray(noise), (320, 240))


def test_it_tells_every_colour_with_its_calibrated_probability(classifier, decoded):
    (said,) = classifier.colours([classifier.prepare(decoded, BOX)])
    assert said[0].name == "blue"
    assert said[0].confidence == pytest.approx(np.exp(2) / (np.exp(2) + len(COLOURS) - 1), abs=1e-4)
    assert {one.name for one in said} == set(COLOURS)
    assert sum(one.confidence for one in said) == pytest.approx(1, abs=1e-4)
    assert classifier.threshold == 0.9


def test_the_shipped_one_knows_every_colour_and_may_fill_it_in():
    artefact = artefact_only(WEIGHTS / "colour")
    (head,) = artefact.spec.heads
    assert (head.name, head.labels) == (COLOUR_HEAD, COLOURS)
    assert head.threshold < NEVER
    assert Rule.of(artefact).last.shape[0] == len(COLOURS)


def test_no_cars_no_colours(classifier):
    assert classifier.colours([]) == []


def test_a_look_is_cut_at_the_box_whatever_the_scale_the_photo_is_decoded_at(classifier, decoded):
    half = Decoded(decoded.image.resize((160, 120)), decoded.full_size)
    look, other = classifier.prepare(decoded, BOX), classifier.prepare(half, BOX)
    assert look.pixels.shape == other.pixels.shape == (3, 64, 64)
    assert look.statistics.shape == other.statistics.shape
    cut = crop_car(decoded, BOX, EXACT)
    assert look.statistics == pytest.approx(paint_statistics(cut, decoded.image, (0.125, 0.125, 0.75, 0.75)))


def test_both_engines_see_the_same(artefact, decoded, classifier):
    pixels = classifier.prepare(decoded, BOX).pixels[None]
    torch_says = TorchEngine.open(artefact).infer(pixels)
    ours = OpenVinoEngine.open(artefact, cache_dir=None).infer(pixels)
    assert ours.shape == torch_says.shape == (1, build(artefact).features)
    assert np.abs(ours - torch_says).max() < 1e-2 * max(1.0, np.abs(torch_says).max())


def test_the_rule_is_one_hidden_layer():
    rule = Rule(
        hidden=np.asarray([[1.0, -1.0]], dtype=np.float32),
        hidden_bias=np.asarray([0.5], dtype=np.float32),
        last=np.asarray([[2.0], [-1.0]], dtype=np.float32),
        last_bias=np.asarray([0.0, 1.0], dtype=np.float32),
    )
    said = rule(np.asarray([[2.0, 1.0], [0.0, 5.0]], dtype=np.float32))
    assert said.tolist() == [[3.0, -0.5], [0.0, 1.0]]


def test_an_artefact_without_a_rule_is_refused(tmp_path):
    network = PaintNetwork("test_efficientnet")
    spec = ArtefactSpec(
        task="colour",
        backbone="test_efficientnet",
        preprocessing=Preprocessing(input_size=64),
        heads=(Head(COLOUR_HEAD, COLOURS, threshold=NEVER),),
    )
    bare = artefact_write(parent=tmp_path, name="bare", spec=spec, state_dict=network.state_dict())
    with pytest.raises(ArtefactError, match="no colour artefact"):
        ColourClassifier(TorchEngine.open(bare), bare)


def test_weights_of_another_backbone_are_refused(artefact):
    other = replace(artefact, spec=replace(artefact.spec, backbone="tf_efficientnet_lite0"))
    with pytest.raises(ArtefactError, match="do not fit"):
        build(other)
