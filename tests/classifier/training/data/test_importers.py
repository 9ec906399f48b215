"""Data sets as others keep them."""

import numpy as np
import pytest
from scipy.io import savemat

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError, manifest_read, manifest_write


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked into")
    return path


def labels(found):
    return [(row.make, row.model, row.year) for row in found.rows]


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


def test_what_it_imports_is_a_manifest(tmp_path):
    photo(tmp_path / "set/audi-a3_2012/1.jpg")
    found = import_dataset(format="folders", path=tmp_path / "set")
    manifest_write(tmp_path / "out" / "manifest.csv", found.rows)
    (row,) = manifest_read(tmp_path / "out")
    assert (row.make, row.model, row.year) == ("audi", "a3", "2012")
    assert row.path.samefile(tmp_path / "set/audi-a3_2012/1.jpg")


def test_it_reads_labels_out_of_file_names(tmp_path):
    one = "Acura_ILX_2013_28_16_110_15_4_70_55_179_39_FWD_5_4_4dr"
    for name in (f"{one}_aWg", f"{one}_Bbw", "VOLKSWAGEN_Golf GTI_2015_1_x", "OpelCorsa_D_2009_1_x", "holiday"):
        photo(tmp_path / f"{name}.jpg")
    found = import_dataset(
        format="filenames", path=tmp_path, pattern="make_model_year", makes=["Volkswagen", "Opel", "Acura"]
    )
    assert labels(found) == [
        ("Acura", "ILX", "2013"),
        ("Acura", "ILX", "2013"),
        ("Opel", "Corsa D", "2009"),
        ("Volkswagen", "Golf GTI", "2015"),
    ]
    assert found.rows[0].vehicle == found.rows[1].vehicle != found.rows[2].vehicle
    assert [(one.file, one.reason) for one in found.unread] == [("holiday.jpg", "the pattern does not fit")]


def test_it_takes_a_pattern_of_ones_own_and_leaves_other_words_whole(tmp_path):
    photo(tmp_path / "Minivan 001.jpg")
    found = import_dataset(format="filenames", path=tmp_path, pattern=r"(?P<make>\w+) \d+", makes=["Mini"])
    assert labels(found) == [("Minivan", "", "")]
    with pytest.raises(ManifestError, match="has no group"):
        import_dataset(format="filenames", path=tmp_path, pattern="modell")
    with pytest.raises(ManifestError, match="no regular expression"):
        import_dataset(format="filenames", path=tmp_path, pattern="(")


def test_it_reads_stanfords_devkit(tmp_path):
    (tmp_path / "devkit").mkdir()
    names = np.array(
        [["AM General Hummer SUV 2000", "Rolls-Royce Phantom Sedan 2012", "BMW 3 Series Sedan 2012"]], object
    )
    savemat(tmp_path / "devkit/cars_meta.mat", {"class_names": names})
    kinds = [(f"bbox_{edge}", object) for edge in ("x1", "y1", "x2", "y2")] + [("class", object), ("fname", object)]
    table = np.array([[(39, 116, 569, 375, 1, "1.jpg"), (1, 1, 9, 9, 3, "2.jpg"), (1, 1, 9, 9, 2, "3.jpg")]], kinds)
    savemat(tmp_path / "devkit/cars_train_annos.mat", {"annotations": table})
    first = photo(tmp_path / "cars_train/1.jpg")
    photo(tmp_path / "cars_train/3.jpg")
    found = import_dataset(format="stanford", path=tmp_path)
    assert labels(found) == [("AM General", "Hummer SUV", "2000"), ("Rolls-Royce", "Phantom Sedan", "2012")]
    assert found.boxes[first] == (38, 115, 569, 375)
    assert [(one.file, one.reason) for one in found.unread] == [("cars_train/2.jpg", "no such photo")]
    (tmp_path / "devkit/cars_train_annos.mat").write_bytes(b"MATLAB? no" * 30)
    with pytest.raises(ManifestError, match=r"cars_train_annos\.mat: is not the devkit's file"):
        import_dataset(format="stanford", path=tmp_path)


def test_it_reads_any_table(tmp_path):
    photo(tmp_path / "a.jpg")
    (tmp_path / "cars.csv").write_text(
        "Bild;Marke;Modell;FIN;Jahr\na.jpg;VOLKSWAGEN;up!;77;2012.0\nb.jpg;Audi;A3;78;\na.jpg;;A3;79;\n"
    )
    columns = {"file": "Bild", "make": "Marke", "model": "Modell", "vehicle": "FIN", "year": "Jahr"}
    found = import_dataset(format="csv", path=tmp_path / "cars.csv", columns=columns, makes=["Volkswagen"])
    assert labels(found) == [("Volkswagen", "up!", "2012")]
    assert found.rows[0].vehicle.endswith("/77")
    assert [(one.file, one.reason) for one in found.unread] == [
        ("row 3 (b.jpg)", "no such photo"),
        ("row 4 (a.jpg)", "a model but no make"),
    ]
    with pytest.raises(ManifestError, match="column 'Fahrzeug' is missing"):
        import_dataset(format="csv", path=tmp_path / "cars.csv", columns={**columns, "vehicle": "Fahrzeug"})


def test_a_table_names_photos_anywhere(tmp_path):
    elsewhere, beside = photo(tmp_path / "photos/1.jpg"), photo(tmp_path / "2.jpg")
    table = tmp_path / "lists/cars.csv"
    table.parent.mkdir()
    table.write_text(f"file,make,model\n{elsewhere},BMW,X5\n../2.jpg,BMW,X3\n")
    found = import_dataset(format="csv", path=table)
    assert not found.unread
    manifest_write(tmp_path / "out/manifest.csv", found.rows)
    assert [row.path.resolve() for row in manifest_read(tmp_path / "out")] == [elsewhere, beside]


def test_it_says_in_one_line_what_is_missing(tmp_path):
    for arguments, message in (
        ({"format": "folder", "path": tmp_path}, "format 'folder' is none of folders, filenames, stanford, csv"),
        ({"format": "folders", "path": tmp_path / "x"}, "no such folder"),
        ({"format": "csv", "path": tmp_path / "x"}, "no such file"),
        ({"format": "folders", "path": tmp_path}, "not one labelled photo in it"),
        ({"format": "stanford", "path": tmp_path}, r"no cars_meta\.mat in it"),
    ):
        with pytest.raises(ManifestError, match=message):
            import_dataset(**arguments)
