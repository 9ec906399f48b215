"""From a ranking to a table and the moderators' queue; tests/classifier tests the ranking."""

import csv
import hashlib
import io
from dataclasses import replace

import pytest
from PIL import Image

from classifier.taxonomy import Candidate
from classifier.training.data.manifest import manifest_read
from classifier.training.errors import TrainError
from marketplace.moderation.labels.doubts import label_decide
from marketplace.moderation.models import LabelReview
from marketplace.moderation.services import decision_make
from marketplace.training.labels.decisions import decision_rows
from marketplace.training.labels.suspects import COLUMNS, suspects_queue, suspects_write
from tests.training.runs.test_retrain import run as train


@pytest.fixture
def ranking():
    """`ranking(rows, issues=2)`: the rows in their order, the first two taken for wrong."""
    from classifier.training.evaluation.label_errors import Ranking, Suspect

    def make(rows, issues=2):
        other = (Candidate("Volvo", "V70", "", 0.9),)
        digests = [hashlib.sha256(row.path.read_bytes()).hexdigest() for row in rows]
        ranked = [Suspect(at + 1, row, digests[at], at / 100, at < issues, 0.1, other) for at, row in enumerate(rows)]
        return Ranking(ranked, not_ranked=3, by="first-00000000")

    return make


@pytest.fixture
def lot(manifest):
    return manifest_read(manifest("red", "lime", cars=6))


def waiting_files():
    return [review.file for review in LabelReview.objects.filter(status="open").order_by("pk")]


def test_it_asks_about_the_issues_and_shows_them_small(db, lot, ranking):
    assert suspects_queue(ranking=ranking(lot)) == 2
    assert waiting_files() == ["0.jpg", "1.jpg"]
    review = LabelReview.objects.first()
    assert (review.source, review.label, review.score, review.stated) == ("lot", "Skoda Octavia", 0.0, 0.1)
    assert review.suggestions == [{"make": "Volvo", "model": "V70", "years": "", "confidence": 0.9}]
    assert (review.size, review.ranked_by) == (lot[0].path.stat().st_size, "first-00000000")
    with review.picture.open() as file:
        assert Image.open(io.BytesIO(file.read())).size == (64, 48)


def test_a_large_photo_is_made_small(db, lot, ranking):
    Image.new("RGB", (3000, 2000), "red").save(lot[0].path, "JPEG")
    suspects_queue(ranking=ranking(lot), top=1)
    with LabelReview.objects.get().picture.open() as file:
        assert Image.open(io.BytesIO(file.read())).size == (480, 320)


def test_what_was_answered_makes_room_for_the_next_ones(db, bob, lot, ranking):
    suspects_queue(ranking=ranking(lot), top=2)
    for review in LabelReview.objects.all():
        label_decide(review=review, moderator=bob, action="keep", seen=0)
    assert suspects_queue(ranking=ranking(lot), top=2) == 2
    assert waiting_files() == ["2.jpg", "3.jpg"]
    assert suspects_queue(ranking=ranking(lot), top=2) == 2  # they wait already
    assert len(waiting_files()) == 2


def test_a_decisions_photo_is_shown_as_its_listing_s(waiting, bob, ranking):
    listing = waiting()
    decision_make(listing=listing, moderator=bob, action="accept")
    suspects_queue(ranking=ranking(decision_rows()))
    review = LabelReview.objects.get()
    assert (review.photo, bool(review.picture)) == (listing.photos.get(), False)


def test_it_writes_the_whole_ranking(lot, ranking, tmp_path):
    suspects_write(path=tmp_path / "new" / "suspects.csv", suspects=ranking(lot).suspects)
    with (tmp_path / "new" / "suspects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["rank"], row["issue"], row["file"]) for row in rows][1:3] == [("2", "1", "1.jpg"), ("3", "0", "2.jpg")]
    assert (rows[0]["model"], rows[0]["suggested_model"], rows[0]["suggested_probability"]) == ("Octavia", "V70", "0.9")


def test_a_spreadsheet_finds_no_formula_in_it(lot, ranking, tmp_path):
    rows = [replace(row, file=f"{sign}1+1.jpg", make="=HYPERLINK(1)") for sign, row in zip("=+-@\t", lot, strict=False)]
    suspects_write(path=tmp_path / "suspects.csv", suspects=ranking(rows).suspects)
    with (tmp_path / "suspects.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1.jpg" in cells
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def run(manifest, **asked):
    return train(manifest, promote="never", **asked)


@pytest.mark.parametrize(("wish", "queued"), [("report", 0), ("queue", 2)])
def test_retrain_lists_suspects_and_trains_on_them_all_the_same(
    champion, manifest, trained, ranking, monkeypatch, site, wish, queued
):
    calls = trained("red", "blue")
    monkeypatch.setattr("marketplace.training.labels.suspects.suspects_find", lambda rows, **_: ranking(rows))
    done = run(manifest("red", "blue", cars=6), suspects=wish)
    assert (site / "runs" / str(done.run.pk) / "suspects.csv").is_file()
    assert LabelReview.objects.count() == queued
    assert len(calls[0]["rows"]) == 6


def test_retrain_goes_on_where_suspects_cannot_be_ranked(champion, manifest, trained, monkeypatch):
    def refuse(**given):
        raise TrainError("too few")

    monkeypatch.setattr("marketplace.training.labels.suspects.suspects_find", refuse)
    calls = trained("red", "blue")
    run(manifest("red", "blue", cars=6), suspects="queue")
    assert calls


def test_retrain_uses_the_labels_that_moderators_corrected(champion, manifest, trained, ranking, bob, site):
    lot = manifest("red", "lime", cars=6)
    suspects_queue(ranking=ranking(manifest_read(lot)))
    wrong, no_car = LabelReview.objects.order_by("pk")
    label_decide(review=wrong, moderator=bob, action="correct", seen=0, suggestion=0)
    label_decide(review=no_car, moderator=bob, action="discard", seen=0)
    calls = trained("red", "blue")
    done = run(lot, new_makes=True)
    learned = {row.file: row.model for row in calls[0]["rows"]}
    assert (learned["0.jpg"], "1.jpg" in learned, len(learned)) == ("V70", False, 5)
    assert f'"review": {wrong.pk}' in (site / "runs" / str(done.run.pk) / "reviews.json").read_text()
