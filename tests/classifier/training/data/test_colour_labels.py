"""The list of photos whose colour and number of cars somebody saw."""

from collections import Counter

from classifier.colour import COLOURS
from classifier.training.data.colour_labels import colour_labels
from classifier.training.data.manifest import manifest_read
from classifier.training.data.split import split_of


def test_the_list_names_a_dozen_colours_each_photo_once_and_more_than_the_asked_number():
    labels = colour_labels()
    assert len({one.file for one in labels}) == len(labels)
    assert {one.colour for one in labels} - {""} <= set(COLOURS)
    assert sum(bool(one.colour) for one in labels) >= 300
    assert {one.split for one in labels} == {"train", "test"}
    assert {one.cars for one in labels} <= {None, 1, 2, 3}


def test_cars_that_a_manifest_holds_out_for_tests_teach_no_colour(car_photos):
    taught = {one.file for one in colour_labels() if one.split == "train"}
    for source in {file.partition("/")[0] for file in taught}:
        rows = manifest_read(car_photos / source)
        tested = {f"{source}/{row.file}" for row in rows if split_of(row) == "test"}
        assert not taught & tested


def test_a_vehicle_stands_on_one_side_only(car_photos):
    sides = {one.file: one.split for one in colour_labels()}
    of_vehicle: dict[str, Counter[str]] = {}
    for source in {file.partition("/")[0] for file in sides}:
        for row in manifest_read(car_photos / source):
            if side := sides.get(f"{source}/{row.file}"):
                of_vehicle.setdefault(row.vehicle, Counter())[side] += 1
    assert all(len(found) == 1 for found in of_vehicle.values())
