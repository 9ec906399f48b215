"""A car is in one split for good."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from classifier.training.data.manifest import ManifestRow
from classifier.training.data.split import TRAIN_SHARE, VAL_SHARE, held_apart, settled, split_of, vehicle_split

KNOWN = {
    "cars/0": "val",
    "cars/1": "train",
    "cars/2": "train",
    "cars/3": "test",
    "cars/6": "val",
    "cars/15": "test",
}


def row(vehicle, split="", file="a.jpg"):
    return ManifestRow(Path(file), file, "BMW", "X5", vehicle=vehicle, split=split)


@given(st.lists(st.text(min_size=1), min_size=1), st.lists(st.text(min_size=1)))
def test_a_car_never_changes_its_split_when_cars_are_added(cars, more):
    before = {car: vehicle_split(car) for car in cars}
    after = {car: vehicle_split(car) for car in [*more, *cars]}
    assert all(after[car] == split for car, split in before.items())


def test_the_splits_of_known_cars_are_these_for_ever():
    # Another hash or share would make yesterday's test cars today's training cars.
    splits = {car: vehicle_split(car) for car in KNOWN}
    assert splits == KNOWN


def test_seven_in_ten_are_trained_on():
    counts = Counter(vehicle_split(f"car-{n}") for n in range(4000))
    assert 0.67 < counts["train"] / 4000 < 0.73
    assert 0.13 < counts["val"] / 4000 < 0.17


def test_every_model_gets_its_share_of_each_split():
    """Not by force, which would move cars when others come; enough cars do as well.

    Bounds that one of 200 models passes by chance in one of some thousand trials: five standard
    deviations.
    """
    for model in range(200):
        cars = 30 + model
        counts = Counter(vehicle_split(f"ad-{model}-{number}") for number in range(cars))
        for split, share in (("train", TRAIN_SHARE), ("val", VAL_SHARE), ("test", 1 - TRAIN_SHARE - VAL_SHARE)):
            spread = 5 * (cars * share * (1 - share)) ** 0.5
            assert abs(counts[split] - cars * share) < spread, (model, split, counts)
        assert counts["train"] > counts["test"]


def test_all_photos_of_a_car_stand_together():
    assert len({split_of(row("ads/ad-9", file=f"{n}.jpg")) for n in range(10)}) == 1


def test_what_the_manifest_says_goes_first():
    assert {split_of(row(f"car-{n}", "train")) for n in range(50)} == {"train"}
    assert {split_of(row(f"car-{n}", "test")) for n in range(50)} == {"test"}


def test_held_out_cars_are_halved_so_that_thresholds_are_not_measured_where_they_were_fitted():
    counts = Counter(split_of(row(f"car-{n}", "val")) for n in range(2000))
    assert set(counts) == {"val", "test"}
    assert abs(counts["val"] - 1000) < 100


def test_a_split_that_is_written_down_does_not_follow_the_id():
    for split in ("", "train", "val", "test"):
        rows = [row(f"cars/{n}", split) for n in range(60)]
        renamed = [replace(settled(one), vehicle=f"7/{one.vehicle}", source="7") for one in rows]
        assert list(map(split_of, renamed)) == list(map(split_of, rows))


def test_a_photo_that_is_trained_on_is_held_out_nowhere_else(tmp_path):
    def lies(name, content, split):
        (tmp_path / name).write_bytes(content)
        return row(f"cars/{name}", split, file=str(tmp_path / name))

    rows = [lies("1", b"one", "test"), lies("2", b"one", "train"), lies("3", b"two", "test"), lies("4", b"two", "test")]
    missing = row("cars/5", "test", file=str(tmp_path / "5"))
    inside = replace(lies("6", b"two", "train"), kind="interior")  # nobody learns from it
    assert held_apart([*rows, missing, inside]) == [*rows[1:], missing, inside]
