"""What the attribute classifier learns from, and how often."""

from pathlib import Path

import numpy as np
import pytest

from classifier.attributes import BODIES, KINDS, VIEWS
from classifier.training.data.attribute_labels import BODY, HEADS, KIND, VIEW, labels_of
from classifier.training.data.labels import UNKNOWN
from classifier.training.data.manifest import ManifestRow
from classifier.training.tools import attribute_photos
from classifier.training.tools.attribute_photos import (
    Shares,
    attribute_rows,
    bodies_lent,
    epoch_labels,
    labels_taught,
)


def row(model="", make="Ford", **columns):
    return ManifestRow(Path("x.jpg"), "x.jpg", make, model, **columns)


def test_photos_of_no_car_are_learned_from_and_pictures_of_damage_are_not():
    rows = [row(kind=kind) for kind in ("", "other", "damage", "detail")]
    assert [one.kind for one in attribute_rows(rows)] == ["", "other", "detail"]
    numbers = labels_of([row(kind="other", body="motorcycle", view="front")])
    assert numbers.tolist() == [[KINDS.index("other"), UNKNOWN, UNKNOWN]]  # the body of no car is none


def test_many_exteriors_teach_their_body_but_few_their_kind():
    rows = [row("Focus Sedan") for _ in range(10)] + [row(kind="interior"), row("Focus")]
    sources = ["cars"] * 10 + ["", "cars"]
    shares = Shares(kinds_per_source=3, bodies_per_source=6, least=(1, 1, 1))
    shown, labels = epoch_labels(labels_of(rows), sources, shares)
    assert shown.tolist() == [0, 1, 3, 5, 6, 7, 8, 10]  # the others teach nothing
    assert (labels[:, KIND] != UNKNOWN).sum() == 3 + 1
    assert (labels[:, BODY] != UNKNOWN).sum() == 6


def test_what_is_scarce_comes_again_with_that_label_alone_but_no_photo_too_often():
    rows = [row("Focus Sedan", view="rear"), row("Focus Sedan"), row(kind="other"), row(kind="other")]
    shares = Shares(least=(5, 9, 2), most_repeats=4)
    shown, labels = epoch_labels(labels_of(rows), ["cars", "cars", "", ""], shares)
    kinds, views = labels[:, KIND].tolist(), labels[:, VIEW].tolist()
    assert kinds.count(KINDS.index("exterior")) == 5
    assert kinds.count(KINDS.index("other")) == 5
    assert views.count(VIEWS.index("rear")) == 4  # not nine times the same photo
    assert labels[:, BODY].tolist().count(BODIES.index("sedan")) == 2
    again = labels[len(rows) :]
    assert ((again != UNKNOWN).sum(axis=1) == 1).all()
    truth = labels_of(rows)
    for at, said in zip(shown, labels, strict=True):
        assert all(one in (UNKNOWN, truth[at, head]) for head, one in enumerate(said))


def test_a_model_lends_its_body_only_where_it_is_sold_as_nothing_else():
    rows = [
        *[row("X5 SUV", "BMW")] * 3,
        *[row("Passat", "VW", body="Sedan")] * 9,
        *[row("Caddy", "VW", body="MiniVan_and_MicroVan")] * 4,
        row("Caddy", "VW", body="PickUp"),
        *[row("Hilux", "Toyota", body="PickUp")] * 2,
    ]
    asked = {"X5": "BMW", "Passat": "VW", "Caddy": "VW", "Hilux": "Toyota", "": "BMW"}
    lent = bodies_lent([*rows, *[row(model, make) for model, make in asked.items()], row("X5", "BMW", kind="interior")])
    assert [one.body for one in lent[: len(rows)]] == [one.body for one in rows]
    said = dict(zip(asked, [one.body for one in lent[len(rows) :]], strict=False))
    assert said == {
        "X5": "suv",
        "Passat": "",  # may be a wagon here
        "Caddy": "",  # of both
        "Hilux": "",  # of two photos
        "": "",
    }
    assert lent[-1].body == ""


def test_a_network_labels_exteriors_without_a_view_where_it_is_sure(monkeypatch):
    monkeypatch.setattr(attribute_photos, "TAUGHT_PER_ANSWER", 2)
    own = VIEWS.index("side-left")
    labels = np.full((7, len(HEADS)), UNKNOWN)
    labels[0, VIEW] = own
    sure, unsure = np.full(len(VIEWS), 0.01), np.full(len(VIEWS), 0.02)
    sure[VIEWS.index("rear")], unsure[VIEWS.index("rear")] = 0.93, 0.86
    views = np.stack([sure, unsure, sure, sure, sure, sure, sure])
    probs = [np.zeros((7, len(KINDS))), views, np.full((7, len(BODIES)), 1 / len(BODIES))]
    exterior = np.asarray([True, True, False, True, True, True, True])
    taught = labels_taught(labels, probs, exterior, seed=1)
    assert taught[0, VIEW] == own
    assert (taught[1:3, VIEW] == UNKNOWN).all()  # not sure; not an exterior
    assert (taught[3:, VIEW] == VIEWS.index("rear")).sum() == 2
    assert (taught[:, [KIND, BODY]] == UNKNOWN).all()
    assert (labels[1:] == UNKNOWN).all()  # the manifest's stay as they are


@pytest.mark.parametrize("least", [(0, 0, 0), (3, 3, 3)])
def test_nothing_to_show_is_nothing(least):
    shown, labels = epoch_labels(labels_of([]), [], Shares(least=least))
    assert (len(shown), labels.shape) == (0, (0, len(HEADS)))
