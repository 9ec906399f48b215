"""Class folders as public data sets have them."""

import pytest

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError
from tests.classifier.training.data.importers.photos import labels, photo


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("abarth-124_spider_2008", ("abarth", "124 spider", "2008")),
        ("mercedes-benz_v_2016", ("Mercedes-Benz", "v", "2016")),
        ("alfa_romeo_giulia", ("Alfa Romeo", "giulia", "")),
        ("abarth_500", ("abarth", "500", "")),
        ("ford_b-max_2014", ("ford", "b-max", "2014")),
        ("peugeot-2008", ("peugeot", "2008", "")),
        ("peugeot-2008_2015", ("peugeot", "2008", "2015")),
        ("AUDI A3", ("AUDI", "A3", "")),
        ("Audi", ("Audi", "", "")),
        ("Land Rover", ("Land Rover", "", "")),
    ],
)
def test_it_reads_a_folders_name(tmp_path, folder, label):
    photo(tmp_path / folder / "1.jpg")
    assert labels(import_dataset(format="folders", path=tmp_path)) == [label]


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("ford_b-max_2014", ("Ford", "b-max", "2014")),
        ("vw_golf", ("Volkswagen", "golf", "")),
        ("ds-automobiles_ds-3", ("DS", "ds-3", "")),
        ("land-rover_range-rover-evoque", ("Land Rover", "Range Rover Evoque", "")),
        ("peugeot_2008_2016", ("Peugeot", "2008", "2016")),
    ],
)
def test_it_spells_makes_and_models_as_the_catalogue_does(tmp_path, folder, label):
    photo(tmp_path / folder / "1.jpg")
    found = import_dataset(
        format="folders",
        path=tmp_path,
        makes=["Ford", "Volkswagen", "DS", "Peugeot"],
        aliases={"VW": "Volkswagen", "DS Automobiles": "DS"},
        spell=lambda make, model: "Range Rover Evoque" if model == "range-rover-evoque" else model,
    )
    assert labels(found) == [label]


def test_it_says_what_lies_beside_the_split(tmp_path):
    for name in ("Train/audi-a3/1.jpg", "valid/audi-a3/2.jpg", "extra/audi-a3/3.jpg", "cover.jpg"):
        photo(tmp_path / "set" / name)
    found = import_dataset(format="folders", path=tmp_path / "set")
    assert [row.split for row in found.rows] == ["train", "val"]
    assert {one.file: one.reason for one in found.unread} == dict.fromkeys(
        ("cover.jpg", "extra"), "lies beside the folders of the split"
    )


def test_it_takes_vehicle_and_side_from_folders(tmp_path):
    for name in ("train/audi-a3/851_1_x.jpg", "train/audi-a3/851_2_y.JPG", "test/audi-a3/9_1_x.jpg"):
        photo(tmp_path / "set" / name)
    photo(tmp_path / "set/test/audi-a3/851_3_z.jpg")  # a car on both sides
    photo(tmp_path / "set/test/audi-a3/cover.jpg")
    photo(tmp_path / "set/test/audi-a4/cover.jpg")  # has a photo, though none that can be taken
    photo(tmp_path / "set/test/audi-a3/notes.txt")
    (tmp_path / "set/test/empty-class").mkdir()
    found = import_dataset(format="folders", path=tmp_path / "set", vehicle_pattern=r"^(\d+)_")
    assert [(row.vehicle, row.split) for row in found.rows] == [
        ("set/851", "train"),
        ("set/851", "train"),
        ("set/9", "test"),
    ]
    assert {one.file: one.reason for one in found.unread} == {
        "test/audi-a3/cover.jpg": "the vehicle pattern does not fit",
        "test/audi-a4/cover.jpg": "the vehicle pattern does not fit",
        "test/audi-a3/notes.txt": "not a photo by its ending",
        "test/empty-class": "a class without photos",
        "test/audi-a3/851_3_z.jpg": "its car is in train, the photo in test",
    }


MAKES = ["Audi", "Fiat", "Peugeot", "Abarth", "BMW"]


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("Audi/A3/1.jpg", ("Audi", "A3", "")),
        ("audi/a3/2012/1.jpg", ("Audi", "a3", "2012")),
        ("train/Audi/A3 2012/1.jpg", ("Audi", "A3", "2012")),
        ("AUDI/Audi A3/1.jpg", ("Audi", "A3", "")),
        ("alfa-romeo/giulia_quadrifoglio/1.jpg", ("Alfa Romeo", "giulia quadrifoglio", "")),
        ("Abarth/124 Spider/2017/Blue/1.jpg", ("Abarth", "124 Spider", "2017")),  # DVM-CAR
        ("Peugeot/2008/2015/1.jpg", ("Peugeot", "2008", "2015")),
        ("Audi A3/2012/1.jpg", ("Audi", "A3", "2012")),
        ("audi_a3_2012/851/1.jpg", ("Audi", "a3", "2012")),
        ("Audi A3 2012-2015/1.jpg", ("Audi", "A3", "2012-2015")),
        ("Audi A3 (2012)/1.jpg", ("Audi", "A3", "2012")),
        ("bmw_2002_1973/1.jpg", ("BMW", "2002", "1973")),
        ("2012 Audi A3/1.jpg", ("Audi", "A3", "2012")),
        ("iran khodro_samand_2005/1.jpg", ("iran khodro", "samand", "2005")),  # VMMRdb's way with two words
        ("Citroe\u0308n C3/1.jpg", ("Citro\u00ebn", "C3", "")),
    ],
)
def test_it_finds_out_how_folders_lie_in_each_other(tmp_path, file, label):
    photo(tmp_path / file)
    assert labels(import_dataset(format="folders", path=tmp_path, makes=MAKES)) == [label]


def test_it_says_how_it_read_them_and_what_says_nothing(tmp_path):
    for file in ("Audi/A3/2012/red/1.jpg", "Audi/A4/front/1.jpg", "Fiat/500/2008/1.jpg"):
        photo(tmp_path / file)
    found = import_dataset(format="folders", path=tmp_path, makes=MAKES, pattern="make/model/year")
    assert labels(found) == [("Audi", "A3", "2012"), ("Audi", "A4", ""), ("Fiat", "500", "2008")]
    assert found.notes == [
        "folders read as make/model/year: Audi/A3/2012/red is Audi A3 2012",
        "no part of any label: 1 folder below make/model/year, such as Audi/A3/2012/red",
        "without a year: 1 folder, such as Audi/A4/front",
    ]


@pytest.mark.parametrize("file", ["boxes/red/1.jpg", "Peugeot/2008/1.jpg", "Audi A3/1.jpg:Fiat/500/1.jpg:x y/z/1.jpg"])
def test_it_asks_where_folders_may_mean_several_things(tmp_path, file):
    for one in file.split(":"):
        photo(tmp_path / one)
    with pytest.raises(ManifestError, match=r"it is not clear what they say: name it by a pattern, one of class, "):
        import_dataset(format="folders", path=tmp_path, makes=MAKES)
    assert import_dataset(format="folders", path=tmp_path, makes=MAKES, pattern="make/model").rows


def test_it_takes_the_operators_word_for_it(tmp_path):
    photo(tmp_path / "Peugeot/2008/1.jpg")
    found = import_dataset(format="folders", path=tmp_path, pattern="make/model")
    assert labels(found) == [("Peugeot", "2008", "")]
    with pytest.raises(ManifestError, match="pattern 'make' is none of class, class/year, make/model, make/model/year"):
        import_dataset(format="folders", path=tmp_path, pattern="make")


@pytest.mark.parametrize("file", ["78/1/2014/a.jpg", "image/78/1/2014/a.jpg", "0/a.jpg", "train/17/a.jpg"])
def test_it_refuses_folders_that_are_ids(tmp_path, file):
    photo(tmp_path / file)
    with pytest.raises(ManifestError, match=r"folders are numbers \(.*\), as in CompCars, and name no car: write a"):
        import_dataset(format="folders", path=tmp_path, makes=MAKES)


@pytest.mark.parametrize(
    "file", ["car_data/train/Audi A3/a.jpg", "Audi A3/train/a.jpg", "car_data/car_data/Test/Audi/a.jpg"]
)
def test_it_refuses_a_split_that_lies_deeper(tmp_path, file):
    photo(tmp_path / file)
    with pytest.raises(ManifestError, match="name the folder that holds train and test, or put these at the top"):
        import_dataset(format="folders", path=tmp_path, makes=MAKES)


def test_what_tools_leave_behind_is_no_class_and_no_photo(tmp_path):
    taken = ["audi_a3/0.jpg", "audi_a3/1.jpg", "fiat_500/0.jpg", "fiat_500/1.jpg"]
    left = [
        ".ipynb_checkpoints/0-checkpoint.jpg", ".thumbnails/0.jpg", "audi_a3/.ipynb_checkpoints/1-checkpoint.jpg",
        "@eaDir/x.jpg", "audi_a3/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "__MACOSX/audi_a3/y.jpg", "audi_a3/._0.jpg",
        "audi_a3/Thumbs.db", "$RECYCLE.BIN/z.jpg",
    ]  # fmt: skip
    for file in taken + left:
        photo(tmp_path / file)
    found = import_dataset(format="folders", path=tmp_path, makes=["Audi", "Fiat"])
    assert [row.file for row in found.rows] == taken
    assert found.unread == []
    assert found.notes == ["passed over as left behind by tools: 9 names, such as $RECYCLE.BIN"]


def test_it_names_every_file_that_it_does_not_take(tmp_path):
    for file in ("audi_a3/1.jpg", "audi_a3/notes.txt", "top.jpg", "read me.pdf", "208/1.jpg", "fiat_500/b.jpg/1.jpg"):
        photo(tmp_path / file)
    (tmp_path / "audi_a3/2.jpg").touch()
    (tmp_path / "audi_a3/3.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "audi_a4").symlink_to(tmp_path / "audi_a3")
    found = import_dataset(format="folders", path=tmp_path, makes=["Audi", "Fiat"])
    assert [row.file for row in found.rows] == ["audi_a3/1.jpg", "fiat_500/b.jpg/1.jpg"]
    assert {one.file: one.reason for one in found.unread} == {
        "audi_a3/notes.txt": "not a photo by its ending",
        "read me.pdf": "not a photo by its ending",
        "top.jpg": "lies in no class folder",
        "208/1.jpg": "a number is no make",
        "audi_a3/2.jpg": "empty",
        "audi_a3/3.jpg": "a link to nothing",
        "audi_a4": "a link to a folder",
    }


def test_folders_that_a_program_made_of_numbers_and_gaps_are_read_like_a_table(tmp_path):
    for file in ("Peugeot/208.0/2012.0/1.jpg", "Audi/nan/2012/1.jpg", "None/A3/2012/1.jpg", "---/1.jpg"):
        photo(tmp_path / file)
    found = import_dataset(format="folders", path=tmp_path, makes=MAKES, pattern="make/model/year")
    assert labels(found) == [("Audi", "", "2012"), ("Peugeot", "208", "2012")]
    assert {one.file: one.reason for one in found.unread} == {
        "---/1.jpg": "'---' names no make",
        "None/A3/2012/1.jpg": "'None A3 2012' names no make",
    }
