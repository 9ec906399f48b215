"""What the usable-photo network's outputs mean."""

import numpy as np
import pytest

from classifier.artefact import NEVER, ArtefactSpec, Head, Preprocessing, artefact_only
from classifier.attributes import BODIES, KINDS, VIEWS, AttributeClassifier
from classifier.recognise import WEIGHTS
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


def judge(*logits, heads=HEADS, labels=KINDS):
    spec = ArtefactSpec(
        task="usable", backbone="none", preprocessing=Preprocessing(input_size=32), labels=labels, heads=heads
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
    assert said.confidence == pytest.approx(np.exp(3) / (np.exp(3) + 3))
    assert said.view.confidence == pytest.approx(np.exp(3) / (np.exp(3) + 7))
    assert said.bodies[0].confidence == pytest.approx(np.e / (np.e + 8))
    assert {guess.name for guess in said.bodies} == set(BODIES)
    assert sum(guess.confidence for guess in said.bodies) == pytest.approx(1)
    assert one.body_threshold == 0.8


def test_an_artefact_without_heads_still_tells_kinds_and_fills_no_body_in():
    one = judge(0.0, 5.0, 0.0, 0.0, heads=())
    (said,) = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    assert (said.kind, said.view, said.bodies) == ("interior", None, ())
    assert one.body_threshold == NEVER


def test_heads_are_found_by_name_whatever_their_order():
    one = judge(9.0, 0.0, 0.0, 0.0, *towards(BODIES, "suv"), *towards(VIEWS, "rear"), heads=HEADS[::-1])
    (said,) = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    assert (said.view.name, said.bodies[0].name) == ("rear", "suv")
    assert isinstance(said.view, Guess)


def kind_of(**probs):
    said = judge(*(np.log(probs[name]) for name in KINDS), heads=()).kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    return said[0].kind, pytest.approx(said[0].confidence)


def test_no_car_is_said_only_where_the_network_is_sure_of_it():
    assert kind_of(exterior=0.05, interior=0.3, detail=0.04, other=0.61) == ("other", 0.61)
    # The likeliest, and still too little to tell a seller that his car is none.
    assert kind_of(exterior=0.05, interior=0.3, detail=0.06, other=0.59) == ("interior", 0.3)
    assert kind_of(exterior=0.2, interior=0.2, detail=0.3, other=0.3) == ("detail", 0.3)


def test_an_artefact_that_knows_three_kinds_answers_with_its_own_labels():
    one = judge(0.0, 0.0, 1.0, heads=(), labels=("exterior", "interior", "detail"))
    (said,) = one.kinds([np.zeros((3, 32, 32), dtype=np.float32)])
    assert said.kind == "detail"
    assert one.exterior([np.zeros((3, 32, 32), dtype=np.float32)])[0] == pytest.approx(1 / (2 + np.e))


def test_the_shipped_artefact_loads_and_its_labels_are_kinds():
    spec = artefact_only(WEIGHTS / "usable").spec
    assert spec.labels[:3] == KINDS[:3]
    assert set(spec.labels) <= set(KINDS)
