"""What the usable-photo network's outputs mean."""

import numpy as np
import pytest

from classifier.artefact import NEVER, ArtefactSpec, Head, Preprocessing
from classifier.attributes import BODIES, KINDS, VIEWS, AttributeClassifier
from classifier.taxonomy import Guess

HEADS = (Head("view", VIEWS), Head("body", BODIES, temperature=2.0, threshold=0.8))


class Says:
    """An engine that answers every photo with the same outputs."""

    name = "says"
    batch = 16

    def __init__(self, outputs):
        self.outputs = np.asarray(outputs, dtype=np.float32)

    def infer(self, batch, *, mirrored=False):
        return np.tile(self.outputs, (len(batch), 1))


def judge(*logits, heads=HEADS):
    spec = ArtefactSpec(
        task="usable", backbone="none", preprocessing=Preprocessing(input_size=32), labels=KINDS, heads=heads
    )
    assert len(logits) == spec.outputs()
    return AttributeClassifier(Says(logits), spec)


def towards(names, chosen, by=3.0):
    return [by * (name == chosen) for name in names]


def test_each_head_reads_its_own_outputs_at_its_own_temperature():
    one = judge(*towards(KINDS, "exterior"), *towards(VIEWS, "rear-left"), *towards(BODIES, "van", 2.0))
    said, again = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)] * 2)
    assert said == again
    assert (said.kind, said.view.name, said.bodies[0].name) == ("exterior", "rear-left", "van")
    assert said.confidence == pytest.approx(np.exp(3) / (np.exp(3) + 2))
    assert said.view.confidence == pytest.approx(np.exp(3) / (np.exp(3) + 7))
    assert said.bodies[0].confidence == pytest.approx(np.e / (np.e + 8))
    assert {guess.name for guess in said.bodies} == set(BODIES)
    assert sum(guess.confidence for guess in said.bodies) == pytest.approx(1)
    assert one.body_threshold == 0.8


def test_an_artefact_without_heads_still_tells_kinds_and_fills_no_body_in():
    one = judge(0.0, 5.0, 0.0, heads=())
    (said,) = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    assert (said.kind, said.view, said.bodies) == ("interior", None, ())
    assert one.body_threshold == NEVER


def test_heads_are_found_by_name_whatever_their_order():
    one = judge(9.0, 0.0, 0.0, *towards(BODIES, "suv"), *towards(VIEWS, "rear"), heads=HEADS[::-1])
    (said,) = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    assert (said.view.name, said.bodies[0].name) == ("rear", "suv")
    assert isinstance(said.view, Guess)
