"""What goes where a memory is full."""

from collections import Counter

import numpy as np
import pytest

from classifier.training.data.memory.keeping import herding_order, memory_bounded, photos_most, rows_bounded
from classifier.training.data.split import split_of
from tests.classifier.training.data.memory.photos import features_of, remembered, row


@pytest.fixture
def rows():
    common = [row(n, model="Golf", source="ads") for n in range(60)]
    rare = [row(n, model="Scirocco", source="ads") for n in range(60, 64)]
    held_out = [row(n, model="Golf", split="test" if n % 2 else "val") for n in range(64, 104)]
    return [*common, *rare, *held_out]


def test_two_networks_side_by_side_have_room_for_the_starters_photos():
    assert photos_most(2560) > 12_000


def test_the_commonest_goes_first_and_a_rare_car_stays_whole(rows):
    kept = memory_bounded(remembered(rows), most=40)
    left = Counter((one.model, one.split) for one in kept.photos)
    assert left["Scirocco", "train"] == 4
    assert left == {("Scirocco", "train"): 4, ("Golf", "train"): 20, ("Golf", "val"): 8, ("Golf", "test"): 8}
    assert len(kept.packed.codes) == 40


def test_a_memory_with_room_is_left_alone(rows):
    memory = remembered(rows)
    assert memory_bounded(memory, most=len(rows)) is memory


def test_what_is_kept_to_learn_from_has_the_mean_of_all(rows):
    features = features_of(rows)
    golfs = features[:60]
    order = herding_order(golfs)
    assert sorted(order) == list(range(60))
    away = np.linalg.norm(golfs[order[:15]].mean(0) - golfs.mean(0))
    by_chance = [
        np.linalg.norm(golfs[np.random.default_rng(n).permutation(60)[:15]].mean(0) - golfs.mean(0)) for n in range(50)
    ]
    assert away < min(by_chance)


def test_held_out_photos_go_by_chance_whatever_they_look_like(rows):
    one, other = (memory_bounded(remembered(rows, features_of(rows, seed=n)), most=40) for n in (1, 2))
    assert one.of("val", "test").photos == other.of("val", "test").photos
    assert one.of("train").photos != other.of("train").photos


def test_what_goes_once_does_not_come_back(rows):
    first = memory_bounded(remembered(rows), most=60)
    second = memory_bounded(first, most=40)
    assert {one.digest for one in second.photos} < {one.digest for one in first.photos}


def test_rows_are_bounded_before_anybody_looks(rows):
    kept = rows_bounded(rows, most=40)
    assert Counter(split_of(one) for one in kept) == {"train": 24, "val": 8, "test": 8}
    assert rows_bounded(rows, most=400) == rows
