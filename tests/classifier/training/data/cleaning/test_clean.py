"""Each step leaves out what it should, counts it and says why."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from classifier.artefact import TrainedClass
from classifier.training.data.cleaning.clean import NothingToTrainError, clean
from classifier.training.data.cleaning.near_duplicates import PictureHash, picture_hash
from classifier.training.data.cleaning.photo_facts import FactsCache, LazyAttributeClassifier, PhotoFacts
from classifier.training.data.cleaning.seen_photos import SeenByVersion, SeenPhotos
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.split import split_of
from classifier.training.progress import Silent
from classifier.training.recipe import Recipe
from tests.classifier.training.pictures import picture, picture_row
from tests.training.fakes import ColourAttributes

RECIPE = Recipe(min_photos_per_class=2)


@pytest.fixture
def lot(tmp_path):
    """Six cars of two models, learned from."""
    return [picture_row(tmp_path / f"{seed}.jpg", picture(seed), model="A4" if seed % 2 else "A6") for seed in range(6)]


@pytest.fixture
def cleaned(tmp_path):
    def run(rows, **given):
        facts = FactsCache(tmp_path / "work", attributes=LazyAttributeClassifier("fake", open=ColourAttributes))
        return clean(rows, facts=facts, progress=Silent(), **{"recipe": RECIPE, **given})

    return run


def stage_of(result, name):
    return next(stage for stage in result.stages if stage.name == name)


def test_every_stage_counts_what_comes_in_and_what_goes_on(cleaned, lot, tmp_path):
    interior = replace(lot[0], kind="interior")
    unnamed = replace(lot[0], model="")
    broken = replace(lot[0], path=tmp_path / "broken.jpg", vehicle="lot/broken")
    broken.path.write_bytes(b"no photo")
    same_file = replace(lot[1], vehicle="lot/again", split="test")
    dark = picture_row(tmp_path / "dark.jpg", Image.new("RGB", (64, 48), "black"))
    dark_to_test = picture_row(tmp_path / "dark2.jpg", Image.new("RGB", (65, 48), "black"), split="test")
    smaller = picture_row(tmp_path / "smaller.jpg", picture(2).reduce(2), split="val")
    result = cleaned([*lot, interior, unnamed, broken, same_file, dark, dark_to_test, smaller])
    assert [(one.name, one.before, one.after) for one in result.stages] == [
        ("labelled", 13, 11),
        ("unreadable", 11, 10),
        ("same file", 10, 9),
        ("not usable", 9, 8),
        ("near-duplicates", 8, 7),
        ("rare", 7, 7),
        ("split", 7, 7),
    ]
    assert result.rows == [*lot, dark_to_test]
    assert all(one.before - one.after == len(one.left_out) for one in result.stages)
    assert stage_of(result, "near-duplicates").left_out[0].reason == f"held out, and {lot[2].path} shows the same"
    assert stage_of(result, "not usable").words.startswith("1 photo left out: less than 70% sure")
    assert stage_of(result, "not usable").left_out[0].file == str(dark.path)
    assert all(row.path.exists() for row in lot)


def test_without_a_threshold_nobody_is_asked_what_photos_show(cleaned, lot, tmp_path):
    dark = picture_row(tmp_path / "dark.jpg", Image.new("RGB", (64, 48), "black"))
    assert dark in cleaned([*lot, dark], usable=0).rows


def test_a_photo_alike_in_the_same_split_stays(cleaned, lot, tmp_path):
    again = picture_row(tmp_path / "again.jpg", picture(0).reduce(2), model="A6")
    assert again in cleaned([*lot, again]).rows


def test_rare_models_are_counted_and_go_on(cleaned, lot, tmp_path):
    rare = picture_row(tmp_path / "rare.jpg", picture(50), model="R8")
    result = cleaned([*lot, rare])
    assert rare in result.rows
    stage = stage_of(result, "rare")
    assert stage.words == ("1 model with fewer than 2 photos to train on (1 photo): 1 photo not learned from")
    assert stage.details == ("Audi R8: 1 photo",)
    known = [TrainedClass("Audi", "R8")]
    assert stage_of(cleaned([*lot, rare], known=known), "rare").words == "every model has enough"
    by_make = replace(RECIPE, make_weight=1.0)
    assert "1 photo learned for their make only" in stage_of(cleaned([*lot, rare], recipe=by_make), "rare").words


def test_where_makes_are_learned_photos_without_a_model_take_part_and_makes_are_counted(cleaned, lot, tmp_path):
    unnamed = [replace(row, model="") for row in lot[:3]] + lot[3:]  # three of these have a model, and a class of one
    volvos = [
        picture_row(tmp_path / f"volvo{seed}.jpg", picture(60 + seed), make="Volvo", model="") for seed in range(5)
    ]
    saab = picture_row(tmp_path / "saab.jpg", picture(70), make="Saab", model="900")
    nobody = picture_row(tmp_path / "nobody.jpg", picture(71), make="", model="")
    rows = [*unnamed, *volvos, saab, nobody]
    for way in (
        {"recipe": replace(RECIPE, level="make", min_photos_per_class=5)},
        {"recipe": replace(RECIPE, start="champion"), "known": [TrainedClass("Audi", ""), TrainedClass("Volvo", "")]},
    ):
        result = cleaned(rows, **way)
        assert result.rows == rows[:-1]
        assert stage_of(result, "labelled").left_out[0].reason == "its manifest names no make"
        assert stage_of(result, "rare").details == ("Saab: 1 photo",)
        assert stage_of(result, "rare").words.startswith("1 make with fewer than ")
        assert "no car to test on: Audi (6 photos)" in stage_of(result, "split").details
    told = stage_of(cleaned([*lot, *volvos]), "labelled").words
    assert told.endswith("of 11; 5 photos name only the make, which a recipe with level = 'make' learns (brands)")


def test_models_that_miss_a_split_are_named(cleaned, lot, tmp_path):
    only_test = picture_row(tmp_path / "t.jpg", picture(60), split="test", model="Q7")
    stage = stage_of(cleaned([*lot, only_test]), "split")
    assert stage.words == (
        "6 photos of 6 cars to train on, 0 photos of 0 cars to calibrate on, 1 photo of 1 car to test on; "
        "2 models without a car to test on; 1 model to test on without a car to train on"
    )
    assert "no car to train on: Audi Q7 (1 photo to test on)" in stage.details


def test_nothing_left_is_one_clear_line_with_the_stages(cleaned, lot):
    for row in lot:
        row.path.write_bytes(b"no photo")
    with pytest.raises(NothingToTrainError) as refused:
        cleaned(lot)
    assert str(refused.value) == (
        "No photo is left to train on, of 6 (none held out). unreadable: 6 photos left out: they cannot be read."
    )
    assert [one.after for one in refused.value.stages][:2] == [6, 0]


def test_too_little_to_learn_from_is_refused(cleaned, lot):
    with pytest.raises(NothingToTrainError, match=r"No photo is left to train on, of 6 \(6 photos held out\)"):
        cleaned([replace(row, split="test") for row in lot])
    with pytest.raises(NothingToTrainError, match=r"is of one car \(lot/1\), which cannot be both"):
        cleaned([replace(row, vehicle="lot/1") for row in lot])
    with pytest.raises(NothingToTrainError, match="0 classes with 2 photos or more to train on"):
        cleaned([replace(row, model=f"A{number}") for number, row in enumerate(lot)])
    with pytest.raises(NothingToTrainError, match="1 class with 2 photos or more to train on"):
        cleaned([replace(row, model="A4") for row in lot])


def test_a_picture_that_taught_a_model_in_the_comparison_is_held_out_from_nobody(cleaned, lot, tmp_path):
    """The same photos come again under other ids: the champion knows them by heart."""

    def again(seed, split):
        row = picture_row(tmp_path / f"again-{seed}-{split}.jpg", picture(seed).reduce(2), split=split)
        cars = (replace(row, vehicle=f"lot/again-{seed}-{number}") for number in range(100))
        return next(car for car in cars if split_of(car) == split)

    hashes = {seed: picture_hash(picture(seed)) for seed in range(50, 60)}
    rows = [again(seed, ("val", "test")[seed % 2]) for seed in range(50, 56)]
    seen_by = [
        SeenByVersion("starter-1", SeenPhotos((hashes[50], hashes[51], hashes[56]), (hashes[52], hashes[53]))),
        SeenByVersion("champion-1", SeenPhotos((hashes[54], hashes[55])), starts=False),
    ]
    result = cleaned([*lot, *rows, again(56, "train")], seen_by=seen_by)
    stage = stage_of(result, "seen before")
    # What is calibrated or learned again is no fault, nor what only a rival learned.
    assert {Path(one.file).stem: one.reason for one in stage.left_out} == {
        "again-50-val": "held out, and starter-1 was trained on this picture",
        "again-51-test": "held out, and starter-1 was trained on this picture",
        "again-53-test": "held out, and starter-1 was calibrated on this picture",
        "again-55-test": "held out, and champion-1 was trained on this picture",
    }
    assert stage.words == "4 photos left out: held-out photos that starter-1 or champion-1 was trained or calibrated on"
    assert [picture_hash(Image.open(row.path)) for row in result.rows] == result.looks


def test_a_model_that_does_not_say_what_taught_it_is_named(cleaned, lot):
    known = picture_row(lot[0].path.with_name("known.jpg"), picture(60), split="test")
    seen_by = [SeenByVersion("old-1", None), SeenByVersion("new-1", SeenPhotos((picture_hash(picture(60)),)))]
    assert stage_of(cleaned([*lot, known], seen_by=seen_by), "seen before").words == (
        "1 photo left out: held-out photos that new-1 was trained or calibrated on; "
        "nothing says which pictures taught old-1, and figures are too good where some come again"
    )
    assert "seen before" not in [one.name for one in cleaned(lot).stages]


class _Known:
    """Facts without files: a photo's name is its picture."""

    def facts(self, paths, asked, progress):
        return [
            PhotoFacts(f"{number:064x}", look=PictureHash(1 << int(path.stem) % 60, f"{int(path.stem) ** 9:064x}"))
            for number, path in enumerate(paths)
        ]


def _lot(numbers, source):
    """Two photos of each car, whose pictures are named by the car's number."""
    return [
        ManifestRow(
            Path(source) / f"{number * 2 + extra}.jpg",
            f"{number}.jpg",
            "Audi",
            ("A4", "A6")[extra],
            vehicle=f"{source}/{number}",
            source=source,
        )
        for number in numbers
        for extra in (0, 1)
    ]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(100, 400), min_size=30, max_size=60), st.sets(st.integers(100, 900), max_size=60))
def test_yesterday_s_test_cars_are_not_learned_today(yesterday, more):
    """Whatever is added, no test car of yesterday is learned from today, nor its picture."""
    before, added = _lot(sorted(yesterday), "lot"), _lot(sorted(more), "market")
    splits = {row.vehicle: split_of(row) for row in before}
    recipe = Recipe(min_photos_per_class=1)
    try:
        after = clean([*before, *added], facts=_Known(), recipe=recipe, progress=Silent(), usable=0).rows
    except NothingToTrainError:
        return
    assert all(split_of(row) == splits[row.vehicle] for row in after if row.source == "lot")
    seen_photos = {row.vehicle for row in after if split_of(row) == "train"}
    assert not seen_photos & {vehicle for vehicle, split in splits.items() if split != "train"}
    learned = {row.path.stem for row in after if split_of(row) == "train"}
    assert not learned & {row.path.stem for row in after if split_of(row) != "train"}  # nor is its picture


def copied(row, name, **given):
    """The same file under another name and label."""
    path = row.path.with_name(name)
    path.write_bytes(row.path.read_bytes())
    return replace(row, path=path, file=name, vehicle=f"{row.source}/{name}", **given)


def test_a_file_that_is_labelled_as_two_cars_is_left_out_and_named(cleaned, lot):
    fiat = copied(lot[0], "b9.jpg", make="Fiat", model="500", source="other")
    less = copied(lot[1], "less.jpg", model="")  # says less, and nothing else
    result = cleaned([*lot, fiat, less])
    assert result.rows == lot[1:]
    stage = stage_of(result, "two labels")
    assert (stage.before, stage.after) == (7, 5)
    assert stage.words == "2 photos left out: 1 file labelled as two cars"
    assert {Path(one.file).name: one.reason for one in stage.left_out} == {
        "0.jpg": f"labelled Audi A6, and of the same file {fiat.path} says Fiat 500",
        "b9.jpg": f"labelled Fiat 500, and of the same file {lot[0].path} says Audi A6",
    }


def test_of_three_labels_none_is_taken_and_what_a_moderator_decided_is(cleaned, lot):
    again, fiat = copied(lot[0], "again.jpg"), copied(lot[0], "fiat.jpg", make="Fiat", model="500")
    assert cleaned([*lot, again, fiat]).rows == lot[1:]
    decided = copied(lot[0], "decided.jpg", make="Fiat", model="500", source="decisions")
    result = cleaned([*lot, again, fiat, decided])
    assert result.rows == [*lot[1:], fiat, decided]
    assert {one.reason for one in stage_of(result, "two labels").left_out} == {
        "labelled Audi A6, and of the same file a moderator decided Fiat 500"
    }
    other = copied(lot[0], "other.jpg", make="Saab", model="900", source="decisions")  # moderators do not agree
    result = cleaned([*lot, again, decided, other])
    assert result.rows == [*lot[1:], decided, other]
    stage = stage_of(result, "two labels")
    assert stage.words.endswith("; moderators decided 1 file in two ways")
    assert stage.details == (f"moderators decided one picture: {decided.path} (Fiat 500), {other.path} (Saab 900)",)
    nameless = copied(lot[1], "nameless.jpg", make="Fiat", model="")
    assert cleaned([*lot, nameless]).rows == [lot[0], *lot[2:]]


def test_two_models_are_one_label_where_makes_are_learned(cleaned, lot):
    lot = [*lot, *(picture_row(lot[0].path.with_name(f"v{n}.jpg"), picture(60 + n), make="Volvo") for n in range(2))]
    again = copied(lot[0], "again.jpg", model="A4")
    assert again in cleaned([*lot, again], recipe=replace(RECIPE, level="make")).rows


def test_one_picture_under_two_labels_is_told(cleaned, lot, tmp_path):
    again = picture_row(tmp_path / "again.jpg", picture(0).reduce(2), make="Fiat", model="500")
    same = picture_row(tmp_path / "same.jpg", picture(1).reduce(2), model="A4")
    result = cleaned([*lot, again, same])
    assert result.rows == [*lot, again, same]
    stage = stage_of(result, "near-duplicates")
    assert stage.words == "nothing left out; 1 picture labelled as two cars: look at the details"
    assert stage.details == (f"one picture: {lot[0].path} (Audi A6), {again.path} (Fiat 500)",)
