"""From the network's logits to calibrated answers."""

import numpy as np
import pytest

from classifier.artefact import ArtefactSpec, Preprocessing, TrainedClass
from classifier.classify import MakeModelClassifier, sharpened
from classifier.fuse import log_softmax

CLASSES = tuple(TrainedClass("Ford", str(number)) for number in range(3))


class LeftAndRight:
    """Gives the brightness of the left, middle and right column as logits."""

    name = "fake"
    batch = 16

    def infer(self, batch, *, mirrored=False):
        said = batch.mean(axis=(1, 2))
        return (said + said[:, ::-1]) / 2 if mirrored else said


def classifier(**fields):
    spec = ArtefactSpec(
        task="classifier", backbone="none", preprocessing=Preprocessing(32), classes=CLASSES, **fields
    )  # fmt: skip
    return MakeModelClassifier(LeftAndRight(), spec)


def test_a_mirrored_artefact_answers_the_same_for_a_car_from_either_side():
    crop = np.zeros((3, 3, 3), dtype=np.float32)
    crop[..., 0] = 4
    (plain,) = classifier().log_probs([crop])
    assert plain.argmax() == 0
    both = classifier(mirrored=True)
    (one,), (other,) = both.log_probs([crop]), both.log_probs([crop[..., ::-1]])
    assert one == pytest.approx(other)
    assert one == pytest.approx(log_softmax(np.array([2, 0, 2])))


def test_photos_of_hot_classes_lose_confidence_and_others_keep_theirs():
    logits = np.array([[9, 0, 0], [0, 0, 9]], dtype=np.float32)
    before = np.exp(log_softmax(logits)).max(1)
    after = np.exp(log_softmax(sharpened(logits, (1.0, 1.0, 3.0)))).max(1)
    assert after[0] == pytest.approx(before[0], abs=1e-3)
    assert after[1] < 0.92 < before[1]


def test_no_photo_changes_its_order_of_classes():
    logits = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    assert (sharpened(logits, (0.3, 1, 4)).argsort() == logits.argsort()).all()
    assert sharpened(logits, ()) is logits
