"""JSON Lines and COCO as other tools write them."""

import json

import pytest

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError
from tests.classifier.training.data.importers.photos import labels, photo

MAKES = ["Peugeot", "Land Rover", "BMW"]


def json_lines(folder, *lines):
    for name in ("a.jpg", "b.jpg"):
        photo(folder / name)
    (folder / "l.jsonl").write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return import_dataset(format="jsonl", path=folder / "l.jsonl", makes=MAKES)


def test_a_line_is_a_row_and_unknown_keys_are_passed_over(tmp_path):
    found = json_lines(tmp_path, {"file": "a.jpg", "make": "peugeot", "model": 206, "year": 2004, "score": [1]}, "")
    assert labels(found) == [("Peugeot", "206", "2004")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON"),
        ('["a.jpg"]', "is no JSON object"),
        ({"file": "b.jpg", "make": ["BMW"]}, "make is neither text nor a number"),
        ({"file": "b.jpg", "make": True}, "make is neither text nor a number"),
        ({"file": "c.jpg", "make": "BMW"}, "no such photo"),
        ({"file": "b.jpg", "model": "X5"}, "a model but no make"),
    ],
)
def test_a_bad_line_costs_itself_alone(tmp_path, line, reason):
    found = json_lines(tmp_path, line, {"file": "a.jpg", "make": "BMW", "model": "X5"})
    assert labels(found) == [("BMW", "X5", "")]
    assert [one.reason for one in found.unread] == [reason]


def coco(folder, document):
    for name in ("a.jpg", "b.jpg"):
        photo(folder / name)
    (folder / "c.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return import_dataset(format="coco", path=folder / "c.json", makes=MAKES)


CATEGORIES = [
    {"id": 1, "name": "Land Rover Discovery 2010"},
    {"id": 2, "name": "206", "supercategory": "peugeot"},
    {"id": 3, "name": "bmw", "supercategory": "BMW"},
]


def test_the_largest_box_is_the_photo_s_car(tmp_path):
    found = coco(tmp_path, {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}], "categories": CATEGORIES,
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 2, "bbox": [5, 5, 10, 10]},
            {"id": 2, "image_id": 7, "category_id": 1, "bbox": [1.2, 2, 60.0, 40]},
            {"id": 3, "image_id": 8, "category_id": 2, "bbox": [0, 0, 9, 9]},
        ],
    })  # fmt: skip
    assert labels(found) == [("Land Rover", "Discovery", "2010"), ("Peugeot", "206", "")]
    assert found.boxes[tmp_path / "a.jpg"] == (1, 2, 61, 42)


def test_a_category_may_be_a_make_alone(tmp_path):
    found = coco(tmp_path, {
        "images": [{"id": 7, "file_name": "a.jpg"}], "categories": CATEGORIES,
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [5, 5, 10, 10]}],
    })  # fmt: skip
    assert labels(found) == [("BMW", "", "")]


def test_what_cannot_be_taken_is_named(tmp_path):
    found = coco(tmp_path, {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}, {"id": 9, "file_name": "c.jpg"}],
        "categories": CATEGORIES,
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 2, "bbox": [0, 0, 9, 9]},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [0, 0, "9", 9]},
            {"id": 3, "image_id": 8, "category_id": 44, "bbox": [0, 0, 9, 9]},
        ],
    })  # fmt: skip
    assert {one.file: one.reason for one in found.unread} == {
        "annotation 2": "has no box of four numbers", "b.jpg": "category 44 is not among the categories",
        "c.jpg": "no such photo",
    }  # fmt: skip


@pytest.mark.parametrize("document", ["{", "[]", "{}", '{"images": [], "annotations": [], "categories": [1]}'])
def test_a_file_that_is_no_coco_is_refused_in_one_line(tmp_path, document):
    with pytest.raises(ManifestError, match=r"c\.json: is no") as refused:
        coco(tmp_path, document)
    assert "\n" not in str(refused.value)
