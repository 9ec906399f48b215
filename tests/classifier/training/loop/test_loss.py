"""What a label is worth: a class, or at least a make."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from classifier.artefact import TrainedClass
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import ManifestRow
from classifier.training.loop.loss import (
    HeadsLoss,
    LabelLoss,
    class_weights,
    label_loss,
    labels_with_makes,
    tempered_loss,
)

CLASSES = (TrainedClass("BMW", "3 Series"), TrainedClass("Fiat", "500"), TrainedClass("Fiat", "Panda"))


def row(make, model):
    return ManifestRow(path=Path("x.jpg"), file="x.jpg", make=make, model=model)


def test_a_model_without_a_class_still_says_its_make():
    rows = [row("FIAT", "panda"), row("Fiat", "Tipo"), row("bmw", "X5"), row("Lada", "Niva")]
    assert labels_with_makes(rows, CLASSES).tolist() == [2, 4, 3, UNKNOWN]


def test_without_makes_it_is_plain_cross_entropy():
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    loss = label_loss(CLASSES, label_smoothing=0.1, make_weight=0.0)(logits, labels)
    assert torch.isclose(loss, cross_entropy(logits, labels, label_smoothing=0.1))


def test_a_photo_of_a_known_make_pushes_towards_the_make_and_not_towards_one_of_its_models():
    logits = torch.zeros(1, 3, requires_grad=True)
    label_loss(CLASSES, label_smoothing=0.1, make_weight=1.0)(logits, torch.tensor([4])).backward()
    bmw, fiat_500, fiat_panda = logits.grad[0].tolist()
    assert bmw > 0 > fiat_500
    assert fiat_500 == fiat_panda


def test_a_wrong_model_of_the_right_make_costs_less_than_another_make():
    loss = label_loss(CLASSES, label_smoothing=0.0, make_weight=0.5)
    truth = torch.tensor([1])
    same_make, other_make = torch.tensor([[0.0, 0.0, 3.0]]), torch.tensor([[3.0, 0.0, 0.0]])
    assert float(loss(same_make, truth)) < float(loss(other_make, truth))


def test_a_batch_of_makes_alone_has_a_finite_loss_and_gradient():
    logits = torch.randn(2, 3, requires_grad=True)
    loss = LabelLoss([0, 1, 1], label_smoothing=0.1, make_weight=0.3)(logits, torch.tensor([3, 4]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_with_full_balance_every_class_counts_the_same_and_a_photo_still_1_on_average():
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4])  # 3 and 4 are makes
    weights = class_weights(labels, classes=3, balance=1.0)
    assert torch.allclose(weights * torch.tensor([6.0, 2.0, 1.0]), torch.full((3,), 3.0))
    assert class_weights(labels, classes=3, balance=0.0) is None


def test_heads_cost_their_own_cross_entropy_and_what_a_photo_does_not_say_costs_nothing():
    logits = torch.randn(4, 5, requires_grad=True)
    labels = torch.tensor([[0, 2], [1, UNKNOWN], [UNKNOWN, UNKNOWN], [UNKNOWN, 1]])
    loss = HeadsLoss([2, 3], weights=[1.0, 0.5], label_smoothing=0.1)(logits, labels)
    first = cross_entropy(logits[:2, :2], labels[:2, 0], label_smoothing=0.1, reduction="sum")
    second = cross_entropy(logits[[0, 3], 2:], labels[[0, 3], 1], label_smoothing=0.1, reduction="sum")
    assert torch.isclose(loss, (first + 0.5 * second) / 4)
    loss.backward()
    assert (logits.grad[2] == 0).all()
    assert (logits.grad[1, 2:] == 0).all()


def test_the_tempered_loss_asks_how_likely_labels_are_and_not_how_sure_a_network_is():
    logits = torch.randn(40, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(40) % 5
    logits[torch.arange(40), labels] += 1.5
    loss = tempered_loss(logits, labels)
    assert float(tempered_loss(logits * 7, labels)) == pytest.approx(float(loss), rel=1e-3)
    assert float(loss) <= float(cross_entropy(logits, labels)) + 1e-6
    assert float(tempered_loss(logits, labels.roll(1))) > float(loss)


def test_the_tempered_loss_counts_photos_by_their_weights_and_is_no_number_where_a_logit_is_none():
    logits = torch.randn(12, 3, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(12) % 3
    some = torch.tensor([1.0, 0.0] * 6, dtype=torch.float64)
    alone = tempered_loss(logits[::2], labels[::2])
    assert float(tempered_loss(logits, labels, some)) == pytest.approx(float(alone), rel=1e-3)
    logits[3, 1] = torch.inf
    assert torch.isnan(tempered_loss(logits, labels))


def test_labels_of_makes_in_a_batch_change_nothing_for_the_photos_with_a_class():
    weights = torch.tensor([0.5, 2.0, 1.0])
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    loss = LabelLoss([0, 1, 1], label_smoothing=0.1, make_weight=0.0, class_weights=weights)
    known = torch.tensor([0, 2, 1])
    plain = cross_entropy(logits[:3], known, weight=weights, label_smoothing=0.1)
    assert loss(logits, torch.tensor([0, 2, 1, 3, 4])).item() == pytest.approx(plain.item(), rel=1e-5)
