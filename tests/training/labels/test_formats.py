"""Exported labels come back through `import_dataset` as they were."""

import json

import pytest

from classifier.training.data.importers import import_dataset
from marketplace.moderation.decisions.rejections import NO_CAR
from marketplace.moderation.services import decision_make
from marketplace.photos.models import Photo, Prediction
from marketplace.training.labels.export import labels_export
from marketplace.training.labels.formats import ExportRefused
from tests.factories import PredictionFactory

MAKES = ["Skoda", "Škoda", "Volvo"]


@pytest.fixture
def decided(waiting, bob, cars):
    """Two cars with a photo each, one of them with a box."""
    found = []
    for name in ("Octavia", "V70"):
        listing = waiting(name)
        decision_make(listing=listing, moderator=bob, action="correct", make=cars[name].make, car_model=cars[name])
        found.append(listing)
    photo = found[0].photos.get()
    Prediction.objects.filter(photo=photo).delete()
    PredictionFactory(photo=photo, box=[1, 2, 31, 42])
    return found


def labels(found):
    return sorted((row.make, row.model, row.vehicle.rpartition("/")[2]) for row in found.rows)


def expected(decided):
    return sorted(
        (listing.make.name, listing.car_model.name, f"listing-{listing.code}")
        for listing in (type(one).objects.get(pk=one.pk) for one in decided)
    )


@pytest.mark.parametrize(("format", "name"), [("jsonl", "labels.jsonl"), ("coco", "labels.coco.json")])
def test_a_file_of_labels_reads_back_as_it_was_written(decided, site, format, name):
    labels_export(path=site / "out" / name, format=format)
    found = import_dataset(format=format, path=site / "out" / name, makes=MAKES)
    assert labels(found) == expected(decided)
    assert not found.unread
    assert not found.changes


def test_class_folders_hold_copies_and_read_back(decided, site):
    export = labels_export(path=site / "cars", format="folders")
    found = import_dataset(
        format="folders", path=export.manifest, makes=MAKES, pattern="make/model", vehicle_pattern="^(listing-[^_]+)_"
    )
    assert labels(found) == expected(decided)
    assert all(row.path.stat().st_size for row in found.rows)


def test_boxes_are_those_that_were_found(decided, site):
    labels_export(path=site / "labels.coco.json", format="coco")
    found = import_dataset(format="coco", path=site / "labels.coco.json", makes=MAKES)
    photo = decided[1].photos.get()
    assert sorted(found.boxes.values()) == sorted([(1, 2, 31, 42), (0, 0, photo.width, photo.height)])
    labels_export(path=site / "labels.jsonl", format="jsonl")
    said = [json.loads(line)["box"] for line in (site / "labels.jsonl").read_text().splitlines()]
    assert sorted(said, key=bool) == [None, [1, 2, 31, 42]]


def test_a_photo_without_a_car_is_no_class(decided, waiting, bob, site):
    listing = waiting()
    decision_make(listing=listing, moderator=bob, action="reject", reason=NO_CAR)
    photos = Photo.objects.filter(listing=listing).count()
    assert labels_export(path=site / "cars", format="folders").left_out == photos == 1
    labels_export(path=site / "labels.coco.json", format="coco")
    found = import_dataset(format="coco", path=site / "labels.coco.json", makes=MAKES)
    assert [row.kind for row in found.rows if not row.make] == ["other"]


def test_a_folder_that_is_there_is_not_written_into(decided, site):
    (site / "cars").mkdir()
    (site / "cars" / "mine.txt").write_text("mine")
    with pytest.raises(ExportRefused, match="is there already"):
        labels_export(path=site / "cars", format="folders")
    assert [one.name for one in (site / "cars").iterdir()] == ["mine.txt"]
