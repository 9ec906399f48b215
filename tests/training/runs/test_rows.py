"""The photos of a training: collected, merged and cleaned, with a list of what was left out."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from classifier.artefact import SEEN_PHOTOS_FILE
from classifier.training.data.cleaning.clean import NothingToTrainError
from classifier.training.data.cleaning.merges import MergeError
from classifier.training.data.cleaning.near_duplicates import picture_hash
from classifier.training.data.cleaning.seen_photos import SeenPhotos
from classifier.training.data.manifest import ManifestError, manifest_read
from marketplace.moderation.services import decision_make
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.training.models import TrainingRun
from marketplace.training.runs.rows import RetrainRefused
from tests.classifier.training.pictures import picture
from tests.training.fakes import photo_write
from tests.training.runs.test_retrain import run


def files_of(site, run_id):
    folder = site / "runs" / str(run_id)
    with (folder / "left-out.csv").open(newline="") as file:
        return json.loads((folder / "cleaning.json").read_text())["stages"], list(csv.DictReader(file))


def test_the_run_keeps_what_was_left_out_and_why(champion, manifest, trained, site):
    calls = trained("red", "lime", "blue")
    lot = manifest("red", "lime", "blue")
    (lot.parent / "0.jpg").write_bytes(b"no photo")
    photo_write(lot.parent / "2.jpg", "black")  # an interior, to the attribute classifier
    run(lot)
    row = TrainingRun.objects.get()
    stages, left_out = files_of(site, row.pk)
    assert [(one["name"], one["before"], one["after"]) for one in stages if one["left_out"]] == [
        ("unreadable", 40, 39),
        ("not usable", 39, 38),
    ]
    assert [(one["file"], one["stage"]) for one in left_out] == [
        (str(lot.parent / "0.jpg"), "unreadable"),
        (str(lot.parent / "2.jpg"), "not usable"),
    ]
    assert left_out[1]["reason"] == "shows a car from outside by 2% only"
    assert (row.photos, len(calls[0]["rows"])) == (38, 38)
    assert len(manifest_read(site / "runs" / str(row.pk) / "manifest.csv")) == 38


def test_photos_that_the_champion_has_seen_under_other_ids_are_not_tested_on(champion, manifest, trained, site):
    calls = trained("red", "lime", "blue")
    lot = manifest("red", "lime", "blue")
    for number in (0, 3, 5):  # the first is trained on, the others are held out
        picture(number).save(lot.parent / f"{number}.jpg")
    hashes = [picture_hash(picture(number)) for number in (0, 3)]
    (champion.folder / SEEN_PHOTOS_FILE).write_bytes(SeenPhotos(tuple(hashes)).as_bytes())
    run(lot, usable=0)
    _, left_out = files_of(site, TrainingRun.objects.get().pk)
    why = f"held out, and {champion.version} was trained on this picture"
    assert left_out == [{"file": str(lot.parent / "3.jpg"), "stage": "seen before", "reason": why}]
    assert {Path(row.file).stem for row in calls[0]["rows"]} == {str(number) for number in range(40) if number != 3}
    assert calls[0]["seen_photos"].trained == (picture_hash(Image.open(lot.parent / "0.jpg")),)  # the others are plain


def test_every_photo_is_taken_when_the_threshold_is_0(champion, manifest, trained):
    calls = trained("red", "lime", "blue")
    lot = manifest("red", "lime", "blue")
    photo_write(lot.parent / "2.jpg", "black")
    run(lot, usable=0)
    assert len(calls[0]["rows"]) == 40


def test_a_photo_that_two_manifests_name_differently_is_reported_and_used_once(champion, manifest, trained, site):
    calls = trained("red", "lime", "blue")
    lot = manifest("red", "lime", "blue")
    again = lot.with_name("again.csv")
    again.write_text(
        "file,make,model,year,vehicle,kind,split\n"
        "0.jpg,Skoda,Fabia,,car-0,exterior,train\n"  # the first says Octavia
        "3.jpg,SKODA,octavia,2012,car-3,exterior,test\n"  # the same as the first, and a year
    )
    run(lot, again)
    assert len(calls[0]["rows"]) == 40
    (row,) = [row for row in calls[0]["rows"] if row.path.name == "0.jpg"]
    assert (row.make, row.model) == ("Skoda", "Octavia")
    stages, left_out = files_of(site, TrainingRun.objects.get().pk)
    assert stages[0]["words"] == "1 photo named again, as another car: what was said first counts"
    reason = f"{again} says Skoda Fabia, Skoda Octavia counts"
    assert left_out == [{"file": str(lot.parent / "0.jpg"), "stage": "named twice", "reason": reason}]


def test_tables_merge_before_makes_are_checked(champion, cars, manifest, trained, site):
    """A make that the catalogue lacks is not refused if a table renames it."""
    calls = trained("red", "lime", "blue")
    lot = manifest("red", "lime", "blue")
    lot.write_text(lot.read_text().replace("Skoda,Octavia", "Skodda,Octavia"))
    table = site / "table.json"
    table.write_text('{"merge_into": {"Skoda_Octavia": ["Skodda_Octavia", "Opel_Corsa"]}}')
    run(lot, merges=[table])
    assert {row.make for row in calls[0]["rows"]} == {"Skoda", "Volvo"}
    stages, _ = files_of(site, TrainingRun.objects.get().pk)
    assert stages[0]["name"] == "merge"
    assert stages[0]["words"].startswith("14 photos of 1 model go into 1")
    assert "match no photo: Opel_Corsa" in stages[0]["details"]


def test_decisions_can_be_refused(champion, manifest, trained, waiting, bob):
    decision_make(listing=waiting("Octavia"), moderator=bob, action="accept")
    calls = trained("red", "lime", "blue")
    run(manifest("red", "lime", "blue"), decisions=False)
    assert {row.source for row in calls[0]["rows"]} == {"lot"}
    with pytest.raises(RetrainRefused, match="nothing to learn from: decisions are refused"):
        run(decisions=False)


def unreadable(lot):
    for photo in lot.parent.glob("*.jpg"):
        photo.write_bytes(b"no photo")


def not_usable(lot):
    for photo in lot.parent.glob("*.jpg"):
        photo_write(photo, "black", mark=int(photo.stem))


def missing(lot):
    (lot.parent / "3.jpg").unlink()


def one_photo_each(lot):
    head, *lines = lot.read_text().split()
    kinds = [line.split(",") for line in lines]
    lot.write_text("\n".join([head, *(",".join([*cells[:2], f"M{cells[0]}", *cells[3:]]) for cells in kinds)]))


def one_car(lot):
    lines = [line.split(",") for line in lot.read_text().split()]
    lot.write_text("\n".join(",".join([*cells[:3], "car-1", cells[4], "train"]) for cells in lines))
    lot.write_text(lot.read_text().replace("make,model,car-1,kind,train", "make,model,vehicle,kind,split"))


def only_held_out(lot):
    lot.write_text(lot.read_text().replace(",train", ",test"))


def nothing_but_interiors(lot):
    lot.write_text(lot.read_text().replace(",exterior,", ",interior,"))


@pytest.mark.parametrize(
    ("spoil", "error", "answer"),
    [
        (unreadable, NothingToTrainError, "unreadable: 40 photos left out: they cannot be read"),
        (not_usable, NothingToTrainError, "No photo is left to train on, of 40 (20 photos held out). not usable: 20"),
        (missing, ManifestError, "row 5: no photo 3.jpg"),
        (one_photo_each, NothingToTrainError, "0 classes with 5 photos or more to train on (20 photos"),
        (one_car, NothingToTrainError, "All that is left (40 photos) is of one car (lot/car-1)"),
        (only_held_out, NothingToTrainError, "No photo is left to train on, of 40 (40 photos held out)"),
        (nothing_but_interiors, NothingToTrainError, "No photo is left to train on, of 40 (none held out). labelled"),
    ],
)
def test_bad_data_is_one_clear_line_and_leaves_the_champion(champion, manifest, trained, spoil, error, answer):
    calls = trained("red", "lime", "blue", "gray")
    lot = manifest("red", "lime", "blue", "gray")
    spoil(lot)
    with pytest.raises(error) as refused:
        run(lot, recipe="default")
    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not calls
    assert champion_get() == champion
    assert ModelVersion.objects.count() == 1
    row = TrainingRun.objects.first()
    if error is NothingToTrainError:  # the run had begun and was closed
        assert (row.status, row.error, row.promoted) == ("failed", str(refused.value), False)
    else:
        assert row is None


def test_a_class_that_is_left_empty_is_reported_and_does_not_stop_the_others(champion, manifest, trained, site):
    trained("red", "lime", "blue", "gray")
    lot = manifest("red", "lime", "blue", "gray")
    for number in range(40):  # red ones are broken, and of lime and gray ones those to learn from
        if number % 4 == 0 or (number % 2 and number // 4 % 2 == 0):
            (lot.parent / f"{number}.jpg").write_bytes(b"no photo")
    with pytest.raises(NothingToTrainError, match="1 class with 5 photos or more"):
        run(lot, recipe="default")
    run(lot, recipe="quick")  # extends the champion
    stages, _ = files_of(site, TrainingRun.objects.first().pk)
    assert stages[-1]["name"] == "split"
    assert "no car to train on: Skoda Fabia (5 photos to test on)" in stages[-1]["details"]


def test_a_table_that_makes_no_sense_starts_no_run(champion, manifest, trained, site):
    trained("red")
    table = site / "table.json"
    table.write_text('{"merge_into": {"a_1": ["a_2"], "a_2": ["a_1"]}}')
    with pytest.raises(MergeError, match="turns in a circle"):
        run(manifest("red"), merges=[table])
    assert not TrainingRun.objects.exists()
