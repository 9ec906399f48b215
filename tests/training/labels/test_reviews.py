"""A moderator's answer about a label holds for the photo's content, in any manifest."""

import hashlib
import json
import shutil

import pytest

from classifier.artefact import TrainedClass
from classifier.training.data.manifest import manifest_read
from marketplace.moderation.labels.doubts import label_ask, label_decide
from marketplace.moderation.models import LabelReview
from marketplace.training.labels.reviews import labels_reviewed
from tests.factories import DoubtFactory
from tests.pictures import jpeg


@pytest.fixture
def lot(manifest, cars):
    return manifest_read(manifest("red", "lime", cars=6))


@pytest.fixture
def say(bob):
    """`say(row, action="keep")`: a moderator's answer about a row."""

    def answer(row, **sent):
        content = row.path.read_bytes()
        label_ask(
            doubt=DoubtFactory(
                sha256=hashlib.sha256(content).hexdigest(), size=len(content), source=row.source, file=row.file,
                make=row.make, model=row.model, year=row.year,
            ),
            picture=jpeg,
        )  # fmt: skip
        review = LabelReview.objects.latest("pk")
        return label_decide(review=review, moderator=bob, seen=0, **sent)

    return answer


def test_it_changes_nothing_without_answers(db, lot):
    done = labels_reviewed(rows=lot)
    assert (done.rows, done.applied, done.text) == (lot, [], "")


def test_it_corrects_leaves_out_and_keeps(lot, say):
    corrected = say(lot[0], action="correct", suggestion=0)
    left_out = say(lot[1], action="discard")
    say(lot[2], action="keep")
    done = labels_reviewed(rows=lot)
    assert [row.file for row in done.rows] == ["0.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]
    assert (done.rows[0].make, done.rows[0].model, done.rows[0].year) == ("Volvo", "V70", "2008")
    assert done.rows[0].vehicle == lot[0].vehicle
    assert [(one.review, one.was, one.now) for one in done.applied] == [
        (corrected.pk, "Skoda Octavia", "Volvo V70 2008"),
        (left_out.pk, "Skoda Fabia", ""),
    ]
    assert (done.corrected, done.discarded, done.kept) == (1, 1, 1)
    assert done.text == "moderators corrected 1 and kept 1; 1 photo left out"


def test_a_photo_of_no_car_stays_as_an_example_of_that(lot, say):
    answer = say(lot[0], action="no_car")
    done = labels_reviewed(rows=lot)
    row = done.rows[0]
    assert (row.file, row.kind, row.make, row.model, row.label) == ("0.jpg", "other", "", "", "no car")
    assert len(done.rows) == len(lot)
    assert [(one.review, one.now) for one in done.applied] == [(answer.pk, "no car")]


def test_it_knows_a_photo_by_its_content(lot, say, tmp_path):
    say(lot[0], action="discard")
    copy = tmp_path / "elsewhere" / "renamed.jpg"
    copy.parent.mkdir()
    shutil.copy(lot[0].path, copy)
    (copy.parent / "manifest.csv").write_text("file,make,model\nrenamed.jpg,Kia,Rio\n")
    assert labels_reviewed(rows=manifest_read(copy.parent)).rows == []


def test_it_reads_only_files_as_large_as_a_reviewed_one(lot, say, monkeypatch):
    say(lot[0], action="discard")
    read = []
    real = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: read.append(file.name) or real(file, name))
    labels_reviewed(rows=lot)
    size = lot[0].path.stat().st_size
    assert read == [str(row.path) for row in lot if row.path.stat().st_size == size]


def test_a_car_of_the_catalogue_is_named_as_the_model_names_it(lot, say, cars):
    say(lot[0], action="correct", make=cars["V70"].make, car_model=cars["V70"])
    done = labels_reviewed(rows=lot, classes=[TrainedClass("VOLVO", "v70", "2008")])
    assert (done.rows[0].make, done.rows[0].model, done.rows[0].year) == ("VOLVO", "v70", "2008")


def test_the_newest_answer_counts(lot, say, bob):
    review = say(lot[0], action="discard")
    label_decide(review=review, moderator=bob, action="keep", seen=1)
    assert len(labels_reviewed(rows=lot).rows) == len(lot)


def test_a_photo_that_is_gone_stays_because_the_cleaning_reports_it(lot, say):
    say(lot[0], action="discard")
    lot[0].path.unlink()
    assert labels_reviewed(rows=lot).rows == lot


def test_it_writes_whose_answer_changed_which_row(lot, say, tmp_path):
    review = say(lot[0], action="discard")
    labels_reviewed(rows=lot).write(tmp_path / "reviews.json")
    (one,) = json.loads((tmp_path / "reviews.json").read_text())
    assert one == {"review": review.pk, "file": "0.jpg", "source": "lot", "was": "Skoda Octavia", "now": ""}


def test_a_label_that_was_kept_holds_for_a_copy_that_says_otherwise(lot, say, tmp_path):
    say(lot[0], action="keep")
    copy = tmp_path / "elsewhere" / "renamed.jpg"
    copy.parent.mkdir()
    shutil.copy(lot[0].path, copy)
    (copy.parent / "manifest.csv").write_text("file,make,model\nrenamed.jpg,Kia,Rio\n")
    done = labels_reviewed(rows=[lot[0], *manifest_read(copy.parent)])
    assert {(row.make, row.model) for row in done.rows} == {(lot[0].make, lot[0].model)}
    assert (done.kept, done.corrected) == (1, 1)
